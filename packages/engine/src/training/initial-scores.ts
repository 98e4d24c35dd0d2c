import {
  isBinary, nClassesOf, nOutputsOf, type ImportedObjective, type Model, type ModelHeader,
  type ModelObjective,
} from '@coppice/model'
import { CoppiceError } from '../errors.js'

/** What an objective makes of raw scores: as imported ones say it, and the step of hinge. */
interface Link {
  readonly link: ImportedObjective['link'] | 'step'
  readonly sigmoid: number
}

/**
 * Whether raw scores of a model can be where those of a training begin.
 *
 * @param target - of the training; `classes` null where the data name none
 * @throws CoppiceError 'MODEL' where they say something else
 */
export function requireSameScores(
  model: Model, target: Pick<ModelHeader, 'objective' | 'classes'>,
): void {
  const ours = target.objective
  const theirs = model.objective
  const [here, there] = [linkOf(ours), linkOf(theirs)]
  const isSame = here.link === there.link && here.sigmoid === there.sigmoid &&
    nOutputsOf(ours) === nOutputsOf(theirs) && nClassesOf(ours) === nClassesOf(theirs) &&
    isBinary(ours) === isBinary(theirs)
  if (!isSame) {
    throw new CoppiceError('MODEL', `cannot begin with this model: it predicts ` +
      `${described(theirs)}, the training ${described(ours)}; its scores would mean something ` +
      'else: use its objective, num_class and sigmoid')
  }
  // LightGBM knows classes by their numbers
  if (model.origin !== undefined || target.classes === null || model.classes === null) return
  if (JSON.stringify(model.classes) === JSON.stringify(target.classes)) return
  const list = (classes: Model['classes']): string => JSON.stringify(classes?.slice(0, 10))
  throw new CoppiceError('MODEL', `cannot begin with this model: its classes are ` +
    `${list(model.classes)}, those of the data ${list(target.classes)}; give data that have all ` +
    'of its classes, and no other')
}

function linkOf(objective: ModelObjective): Link {
  const plain = (link: Link['link']): Link => ({ link, sigmoid: 1 })
  switch (objective.name) {
    case 'imported':
    case 'custom':
      return { link: objective.link, sigmoid: 'sigmoid' in objective ? objective.sigmoid : 1 }
    case 'binary':
    case 'multiclassova': return { link: 'sigmoid', sigmoid: objective.sigmoid }
    case 'multiclass': return plain('softmax')
    case 'focal':
    case 'multi_label':
    case 'cross_entropy': return plain('sigmoid')
    case 'cross_entropy_lambda': return plain('softplus')
    case 'hinge': return plain('step')
    case 'poisson':
    case 'gamma':
    case 'aft':
    case 'cox':
    case 'tweedie': return plain('exp')
    case 'regression_sqrt': return plain('signedSquare')
    default: return plain('identity')
  }
}

function described(objective: ModelObjective): string {
  const nClasses = nClassesOf(objective)
  const { link, sigmoid } = linkOf(objective)
  const name = objective.name === 'imported' ? objective.source || 'a custom objective'
    : objective.name
  return (nClasses === 0 ? 'a number' : `one of ${nClasses} classes`) +
    ` (${name}, link ${link}${sigmoid === 1 ? '' : ` of sigmoid ${sigmoid}`})`
}
