/** What the reporter of test runs makes of the runner's events. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportOf } from '../../../src/build/testReporter.ts';

const failure = (failureType: string, cause?: unknown) =>
  reportOf({
    type: 'test:fail',
    data: { name: 'it', file: '/a.test.ts', details: { error: { message: 'wrapped', failureType, cause } } },
  });

describe('the reporter of test runs', () => {
  it('tells why a test failed, shortly', () => {
    const cause = new Error('wrong');
    cause.stack = Array.from({ length: 100 }, (_, line) => `line ${line}`).join('\n');
    const report = failure('testCodeFailure', cause);
    assert.equal(report?.kind === 'failure' && report.reason, cause.stack.split('\n').slice(0, 12).join('\n'));
  });

  it('tells the message where there is no cause', () => {
    assert.deepEqual(failure('testTimeoutFailure'), { kind: 'failure', file: '/a.test.ts', name: 'it', reason: 'wrapped' });
  });

  it('leaves out a suite that fails because of its tests', () => {
    assert.equal(failure('subtestsFailed'), undefined);
  });

  it('tells files from the whole run, and counts what was cancelled as failed', () => {
    const counts = { passed: 5, failed: 1, cancelled: 2, skipped: 3 };
    const summary = (file?: string) =>
      reportOf({ type: 'test:summary', data: { counts, duration_ms: 1500, ...(file !== undefined && { file }) } });
    assert.deepEqual(summary('/a.test.ts'), { kind: 'file', file: '/a.test.ts', seconds: 1.5 });
    assert.deepEqual(summary(), { kind: 'run', passed: 5, failed: 3, skipped: 3 });
  });
});
