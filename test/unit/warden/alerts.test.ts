import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Alert } from '../../../src/protocol/watching.ts';
import { Alerts } from '../../../src/warden/alerts.ts';
import type { JournalRecord } from '../../../src/warden/journal.ts';

describe('what a warden has to say', () => {
  let sent: Alert[];
  let written: JournalRecord[];
  let isConnected: boolean;
  let alerts: Alerts;
  beforeEach(() => {
    sent = [];
    written = [];
    isConnected = true;
    alerts = new Alerts(
      (record) => void written.push(record),
      (alert) => {
        if (isConnected) sent.push(alert);
        return isConnected;
      },
    );
  });

  it('is kept for the first client to come, once, and no more than a hundred messages of it', () => {
    isConnected = false;
    for (let number = 1; number <= 250; number++) alerts.raise({ message: String(number) });
    const missed = alerts.takeMissed();
    assert.deepEqual(
      missed,
      Array.from({ length: 100 }, (_, index) => ({ message: String(index + 151) })),
    );
    assert.deepEqual(alerts.takeMissed(), []);
  });

  it('is told once for as long as it lasts', () => {
    alerts.report(['one', 'two']);
    alerts.report(['two', 'three']);
    alerts.report([]);
    alerts.report(['two']);
    const told = ['one', 'two', 'three', 'two'];
    assert.deepEqual(
      sent.map(({ message }) => message),
      told,
    );
    assert.deepEqual(
      written.map(({ event, reason }) => [event, reason]),
      told.map((reason) => ['self-check', reason]),
    );
  });

  it('names a helper that is given up, which the next self-check does not tell again', () => {
    alerts.helperGivenUp('switch', 'It was ended.');
    alerts.report(['It was ended.']);
    alerts.report(['It was ended.']);
    assert.deepEqual(sent, [{ message: 'It was ended.', helper: 'switch' }]);
    assert.deepEqual(written, [{ event: 'gave-up', spec: 'switch', reason: 'It was ended.' }]);
  });
});
