import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withLabels } from '../../../src/gateway/serverMetrics.ts';

describe('what a server tells of itself', () => {
  const cases: [string, string, string][] = [
    ['has the labels of its model', 'llamacpp:tokens_predicted_total 42\n', 'llamacpp:tokens_predicted_total{model="a",server="a#2"} 42\n'],
    ['keeps its own', 'vllm:requests{engine="0"} 1.5 1700000000', 'vllm:requests{model="a",server="a#2",engine="0"} 1.5 1700000000\n'],
    ['keeps values in braces', 'x{le="{}"} 1', 'x{model="a",server="a#2",le="{}"} 1\n'],
    ['says nothing of what it means', '# HELP x y\n# TYPE x counter\nx 1\n\n', 'x{model="a",server="a#2"} 1\n'],
    ['is left out where it is none', '<html>not found</html>', ''],
  ];
  for (const [what, text, expected] of cases) it(what, () => assert.equal(withLabels(text, { model: 'a', server: 'a#2' }), expected));
});
