import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signalName, signalNumber } from '../../../src/protocol/signalNames.ts';

describe('the names of signals', () => {
  for (const [number, name] of [
    [9, 'SIGKILL'],
    [32, 'SIG32'],
    [34, 'SIGRTMIN'],
    [35, 'SIGRTMIN+1'],
    [64, 'SIGRTMIN+30'],
  ] as const)
    it(`${number} is ${name}`, () => assert.deepEqual([signalName(number), signalNumber(name)], [name, number]));

  it('lead back to every number that the kernel has', () => {
    const numbers = Array.from({ length: 64 }, (_, index) => index + 1);
    assert.deepEqual(
      numbers.map((number) => signalNumber(signalName(number))),
      numbers,
    );
  });
});
