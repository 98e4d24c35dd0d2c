export { AnswerPacker, type TakeChunk } from './answer-packer.js'
export { packAnswer } from './pack-answer.js'
export { StarReducer } from './star-reducer.js'
