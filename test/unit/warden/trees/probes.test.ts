import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LinePattern } from '../../../../src/protocol/patterns.ts';
import { LineSearch } from '../../../../src/warden/trees/lineSearch.ts';
import { Probes, Verdict } from '../../../../src/warden/trees/probes.ts';

describe('a verdict', () => {
  const cases: [string, number, number, string, string][] = [
    ['is unknown until so many agree', 3, 2, '-+-+--', 'uuuuuu'],
    ['comes with the last that is needed', 3, 2, '---++', 'uuiih'],
    ['stays through a lapse', 2, 1, '+-+-+', 'hhhhh'],
    ['changes with two in a row', 2, 1, '+--+', 'hhih'],
  ];
  for (const [what, failureThreshold, successThreshold, answers, expected] of cases) {
    it(what, () => {
      const verdict = new Verdict({ failureThreshold, successThreshold });
      const short = { unknown: 'u', unhealthy: 'i', healthy: 'h' };
      assert.equal([...answers].map((answer) => short[verdict.add(answer === '+')]).join(''), expected);
    });
  }
});

describe('the time by which a tree has to be ready', () => {
  it('is later by what is excused', async () => {
    const begun = performance.now();
    let probes: Probes | undefined;
    // Its timers do not keep this process alive.
    const alive = setInterval(() => undefined, 1000);
    const why = await new Promise<string>((resolve, reject) => {
      const check = { by: 'exec' as const, argv: ['never'] as [string] };
      const ready = { check, delayMillis: 0, timeoutMillis: 1000, failureThreshold: 1, successThreshold: 1, deadlineMillis: 50 };
      probes = new Probes(
        { ready },
        {
          run: () => Promise.resolve('it is not ready'),
          onReady: () => reject(new Error('it is ready')),
          onHealthChanged: () => undefined,
          onFailed: (text) => resolve(String(text)),
        },
      );
      probes.begin();
      probes.excuse(300);
    }).finally(() => clearInterval(alive));
    assert.match(why, /50 ms/);
    assert.ok(performance.now() - begun >= 349);
    probes?.dispose();
  });
});

describe('a search for a line', () => {
  const cases: [string, string, readonly string[], boolean][] = [
    ['finds it in a piece', 'ready', ['x\nready\n'], true],
    ['finds it across pieces', '^ready now$', ['rea', 'dy n', 'ow\n'], true],
    ['finds it in the last line that has no end', 'ready', ['ready'], true],
    ['finds it below colours', '^ready$', ['\u001b[1;32mready\u001b[0m\r\n'], true],
    ['does not find it over two lines', 'ready now', ['ready\nnow\n'], false],
    ['does not find it at the beginning of what is a piece of a line', '^now', ['ready ', 'now\n'], false],
  ];
  for (const [what, pattern, pieces, expected] of cases) {
    it(what, () => {
      const search = new LineSearch(new LinePattern(pattern));
      for (const piece of pieces) search.add(Buffer.from(piece));
      assert.deepEqual([search.take(), search.take()], [expected, false]);
    });
  }

  it('finds letters that were cut in two', () => {
    const search = new LineSearch(new LinePattern('grün'));
    const bytes = Buffer.from('grün\n');
    search.add(bytes.subarray(0, 3));
    search.add(bytes.subarray(3));
    assert.ok(search.take());
  });

  it('is awaited, and left', async () => {
    const search = new LineSearch(new LinePattern('x'));
    const leaving = new AbortController();
    const first = search.first(leaving.signal);
    search.add(Buffer.from('x'));
    await first;
    const never = new LineSearch(new LinePattern('y')).first(leaving.signal);
    leaving.abort();
    await never;
  });
});
