export { packAnswer } from './pack-answer.js'
export { StarReducer } from './star-reducer.js'
