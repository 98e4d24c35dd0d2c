// The kernels that read comma- and tab-separated text. No kernel allocates, keeps state or calls
// out; the caller owns the whole (imported) memory. Contracts are written once, in
// ../src/formats/csv-kernels.ts.
export { splitFields } from './fields'
export { parseNumbers } from './numbers'
export { scanRecords } from './records'
export { internTexts, rehashTexts } from './texts'
