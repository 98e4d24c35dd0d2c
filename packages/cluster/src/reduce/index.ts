export { AnswerPacker, type TakeChunk } from './answer-packer.js'
export { StarReducer } from './star-reducer.js'
