export function checkArchitecture() { return [] }
