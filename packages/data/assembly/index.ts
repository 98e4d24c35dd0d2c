// The kernels that read files. No kernel allocates, keeps state or calls out; the caller owns the
// whole (imported) memory. Contracts are written once in ../src/formats: those of text in
// csv-kernels.ts, of columnar pages in page-kernels.ts, of stored numbers in stored-kernels.ts.
export { splitFields } from './fields'
export { parseNumbers } from './numbers'
export { decodeIndices, recodeIndices } from './pages'
export { scanRecords } from './records'
export { convertLongs, copyDoubles, promoteSingles } from './stored'
export { internTexts, rehashTexts } from './texts'
