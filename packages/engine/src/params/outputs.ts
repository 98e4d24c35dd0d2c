import { bool, float, int, numbers, oneOf } from './parameter.js'

/** Losses with several labels or several scores of a row, and of times. */
export const outputParameters = {
  quantiles: numbers(
    'floats',
    'objective',
    [],
    '`multi_quantile`: the quantiles, two or more in ascending order, such as `0.1,0.5,0.9`.',
    { above: 0, below: 1, omittedAtDefault: true },
  ),
  quantile_sorted: bool(
    'objective',
    false,
    '`multi_quantile`: predictions of a row are put in ascending order, so that no lower ' +
      'quantile is above a higher one (Chernozhukov et al. 2010). Trees and raw scores are the ' +
      'same; metrics are of what is predicted.',
    { omittedAtDefault: true },
  ),
  num_target: int(
    'objective',
    1,
    '`multi_regression` and `multi_label`: label columns, and scores, of a row; else 1. Where it ' +
      'is not given the data tell.',
    { above: 0, max: 10_000, omittedAtDefault: true },
  ),
  aft_loss_distribution: oneOf(
    'objective',
    ['normal', 'logistic', 'extreme'],
    '`aft`: the distribution of the noise in the logarithm of a time.',
    { omittedAtDefault: true },
  ),
  aft_loss_distribution_scale: float(
    'objective',
    1,
    '`aft`: scale of that noise.',
    { above: 0, omittedAtDefault: true },
  ),
}
