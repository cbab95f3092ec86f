import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ShownFigures } from '../../../src/extension/processTree/shownFigures.ts';

const MB = 2 ** 20;

function shownAt(): { at: number; shown: ShownFigures; text(cpuPercent: number, megabytes: number): string } {
  const clock = { at: 0 };
  const shown = new ShownFigures(() => clock.at);
  return Object.assign(clock, {
    shown,
    text: (cpuPercent: number, megabytes: number) => shown.text('row', { cpuPercent, memoryBytes: megabytes * MB }),
  });
}

describe('the figures of a row', () => {
  const changes: [what: string, from: [number, number], to: [number, number], matters: boolean][] = [
    ['nothing', [10, 100], [10, 100], false],
    ['half a point', [0.1, 100], [0.6, 100], false],
    ['a point', [0.1, 100], [1.1, 100], true],
    ['a point of many', [50, 100], [52, 100], false],
    ['a tenth', [50, 100], [55, 100], true],
    ['a percent of memory', [0, 100], [0, 101], false],
    ['three percent of memory', [0, 100], [0, 97], true],
    ['from nothing', [0, 0], [0, 1], true],
  ];
  for (const [what, from, to, matters] of changes) {
    it(`${matters ? 'change' : 'stay'} at a change of ${what}`, () => {
      const clock = shownAt();
      const before = clock.text(...from);
      clock.at = 1000;
      const after = clock.text(...to);
      assert.equal(after !== before, matters);
    });
  }

  it('do not stay wrong: what does not matter is shown after a while', () => {
    const clock = shownAt();
    assert.equal(clock.text(0, 100), '0.0 %  100 MB');
    clock.at = 4999;
    assert.equal(clock.text(0.4, 100), '0.0 %  100 MB');
    clock.at = 5000;
    assert.equal(clock.text(0.4, 100), '0.4 %  100 MB');
  });

  const belowHover: [what: string, from: [number, number], to: [number, number], matters: boolean][] = [
    ['a point', [0.1, 100], [1.1, 100], false],
    ['some points of few', [1, 100], [20, 100], false],
    ['a start of work', [1, 100], [25, 100], true],
    ['a third of much', [90, 100], [60, 100], false],
    ['half of much', [90, 100], [45, 100], true],
    ['a tenth of memory', [0, 100], [0, 110], false],
    ['much memory', [0, 21], [0, 180], true],
    ['memory that is free again', [0, 180], [0, 21], true],
  ];
  for (const [what, from, to, matters] of belowHover)
    it(`${matters ? 'change' : 'stay'} below a hover at a change of ${what}`, () => {
      const clock = shownAt();
      const before = clock.text(...from);
      clock.shown.hoverBegins();
      clock.at = 1000;
      assert.equal(clock.text(...to) !== before, matters);
    });

  it('are the exact ones again when the hover was closed by a click, or was read for ten seconds', () => {
    const clock = shownAt();
    clock.text(0, 100);
    clock.shown.hoverBegins();
    clock.at = 9999;
    assert.equal(clock.text(2, 105), '0.0 %  100 MB');
    clock.at = 10_000;
    assert.equal(clock.text(2, 105), '2.0 %  105 MB');
    clock.shown.hoverBegins();
    assert.equal(clock.text(4, 110), '2.0 %  105 MB');
    clock.shown.hoverEnds();
    assert.equal(clock.text(4, 110), '4.0 %  110 MB');
  });

  it('are forgotten with their row', () => {
    const clock = shownAt();
    clock.text(10, 100);
    clock.shown.retain(new Set());
    assert.equal(clock.text(10.1, 100), '10.1 %  100 MB');
  });
});
