import assert from 'node:assert/strict'
import { parseConfigText } from '../../src/params/config-text.js'
import { editDistance, nearest } from '../../src/params/nearest.js'
import { parametersPage } from '../../src/params/page.js'
import { resolveParams } from '../../src/params/resolve.js'
import { parameterTable } from '../../src/params/table.js'

describe('parseConfigText', () => {
  it('reads key = value lines with comments, quotes, blanks and any line end', () => {
    const text =
      '\uFEFF# a comment\r\nnum_leaves = 63\n\n' +
      'learning_rate=0.05 # fast\rmetric = "auc,l2"\n'
    assert.deepEqual(parseConfigText(text), {
      num_leaves: '63',
      learning_rate: '0.05',
      metric: 'auc,l2',
    })
  })

  it('skips a name without value, as LightGBM writes its defaults', () => {
    assert.deepEqual(parseConfigText('ignore_column =\nnum_leaves = 3'), { num_leaves: '3' })
  })

  it('reads a JSON object', () => {
    const text = ' {"numLeaves": 5, "metric": ["l1", "l2"]}'
    assert.deepEqual(parseConfigText(text), { numLeaves: 5, metric: ['l1', 'l2'] })
    assert.deepEqual(resolveParams(parseConfigText(text)).metric, ['l1', 'l2'])
  })

  it('names file and line of what is wrong', () => {
    assert.throws(() => parseConfigText('a = 1\n\nnum_leaves 3', 'x.conf'), /x\.conf, line 3/)
    assert.throws(() => parseConfigText('= 1'), /line 1: .*no name/)
    assert.throws(() => parseConfigText('a = 1\nb = 2\na = 1'), /line 3: "a" .* line 1/)
    assert.throws(() => parseConfigText('{"a": }', 'x.json'), /x\.json is not valid JSON/)
    assert.throws(() => parseConfigText('{"max_bin": 5,\n"seed": 1,\n"max_bin": 6}', 'x.json'),
      /x\.json: the key "max_bin" comes twice .*line 3/)
  })

  it('keeps __proto__ an ordinary unknown name', () => {
    assert.throws(() => resolveParams(parseConfigText('__proto__ = 1')), /unknown parameter/)
  })
})

describe('nearest', () => {
  it('counts insertions, deletions, replacements and swaps of neighbours', () => {
    const cases: [string, string, number][] = [
      ['', '', 0],
      ['', 'abc', 3],
      ['abc', '', 3],
      ['abc', 'abc', 0],
      ['abc', 'acb', 1],
      ['abc', 'abd', 1],
      ['abc', 'xabc', 1],
      ['kitten', 'sitting', 3],
    ]
    for (const [a, b, distance] of cases) {
      assert.equal(editDistance(a, b), distance, `${a} ${b}`)
      assert.equal(editDistance(b, a), distance, `${b} ${a}`)
    }
  })

  it('finds the nearest candidate or none', () => {
    assert.equal(nearest('metrc', ['metric', 'metrics']), 'metric')
    assert.equal(nearest('zzzzzz', ['metric', 'metrics']), null)
  })
})

describe('parametersPage', () => {
  it('has every parameter, alias and default once, in tables of even width', () => {
    const page = parametersPage()
    for (const info of parameterTable) {
      const rows = page.split('\n').filter(line => line.startsWith(`| \`${info.name}\` `))
      assert.equal(rows.length, 1, info.name)
      for (const alias of info.aliases) assert.ok(rows[0]!.includes(`\`${alias}\``), alias)
      const width = info.status === 'supported' ? 5 : 4
      assert.equal(rows[0]!.replaceAll('\\|', '').split('|').length, width + 2, info.name)
    }
    assert.equal(page.match(/^# /gm)!.length, 1)
  })
})
