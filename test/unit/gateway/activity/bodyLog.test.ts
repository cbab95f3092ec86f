/** What is kept of what requests and answers say. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BodyLog } from '../../../../src/gateway/activity/bodyLog.ts';
import { maxKeptBodies, maxKeptLength } from '../../../../src/protocol/requestBodies.ts';

const json = 'application/json';

function added(log: BodyLog, id: number, request: string, answer: string, type = json): void {
  const kept = log.take(Buffer.from(request), type);
  const tap = kept && log.begin(id, '/v1/chat/completions', kept);
  tap?.add(Buffer.from(answer));
  tap?.ended();
}

describe('what requests and answers say', () => {
  it('is not kept as long as that is not switched on, and is gone when it is switched off', () => {
    const log = new BodyLog();
    added(log, 1, '{}', '{}');
    assert.equal(log.has(1), false);
    log.switch(true);
    added(log, 2, '{"a":1}', '{"b":2}');
    assert.deepEqual(log.get(2), {
      path: '/v1/chat/completions',
      contentType: json,
      request: { text: '{"a":1}', bytes: 7 },
      answer: { text: '{"b":2}', bytes: 7 },
    });
    log.switch(false);
    assert.deepEqual([log.get(2), log.isOn], [undefined, false]);
  });

  it('is not kept of an answer that comes after it was switched off, or off and on again', () => {
    const log = new BodyLog();
    log.switch(true);
    const kept = log.take(Buffer.from('{}'), json);
    const tap = kept && log.begin(1, '/', kept);
    log.switch(false);
    log.switch(true);
    tap?.add(Buffer.from('x'));
    tap?.ended();
    assert.equal(log.has(1), false);
  });

  it('is bounded, in number and in length', () => {
    const log = new BodyLog();
    log.switch(true);
    for (let id = 1; id <= maxKeptBodies + 5; id++) added(log, id, 'x y '.repeat(50_000), 'z '.repeat(300_000));
    assert.deepEqual([log.has(5), log.has(6), log.has(maxKeptBodies + 5)], [false, true, true]);
    const { request, answer } = log.get(6) ?? {};
    assert.deepEqual([request?.text.length, request?.bytes, request?.isCut], [maxKeptLength, 200_000, true]);
    assert.deepEqual([answer?.text.length, answer?.bytes, answer?.isCut], [maxKeptLength, 600_000, true]);
  });

  it('is not kept of a form, which is sound', () => {
    const log = new BodyLog();
    log.switch(true);
    added(log, 1, '--x\r\n', '{"text":"a"}', 'multipart/form-data; boundary=x');
    assert.deepEqual(log.get(1)?.request, { text: '', bytes: 5, isCut: true });
  });
});
