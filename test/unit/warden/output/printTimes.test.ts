/** The times of what is printed, beside its log. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { logTimesIn } from '../../../../src/protocol/logTimes.ts';
import { PrintTimes } from '../../../../src/warden/output/printTimes.ts';

describe('the times of what is printed', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-times-'));
    path = join(folder, 'it.log');
    mock.timers.enable({ apis: ['Date'], now: 1000 });
  });
  afterEach(() => {
    mock.timers.reset();
    rmSync(folder, { recursive: true, force: true });
  });
  const read = (): [number, number][] => {
    const text = ['.1', ''].map((suffix) => (existsSync(`${path}.times${suffix}`) ? readFileSync(`${path}.times${suffix}`, 'utf8') : ''));
    return logTimesIn(text.join('\n')).map(({ offset, at }) => [offset, at]);
  };

  it('are noted at most every 10 ms, and in one go', async () => {
    const times = new PrintTimes(() => ({ path, start: 0 }));
    for (const [position, millis] of [
      [0, 0],
      [10, 9],
      [20, 1],
      [30, 500],
    ] as const) {
      mock.timers.tick(millis);
      times.note(position);
    }
    await times.flush();
    assert.deepEqual(read(), [
      [0, 1000],
      [20, 1010],
      [30, 1510],
    ]);
    if (process.getuid) assert.equal(statSync(`${path}.times`).mode & 0o777, 0o600);
  });

  it('follow the log when it is set aside', async () => {
    let start = 0;
    const times = new PrintTimes(() => ({ path, start }));
    times.note(0);
    await times.flush();
    start = 50;
    mock.timers.tick(100);
    times.note(60);
    await times.flush();
    assert.deepEqual(read(), [
      [-50, 1000],
      [10, 1100],
    ]);
  });

  it('go on where another warden has begun, behind a line that it has torn', async () => {
    const first = new PrintTimes(() => ({ path, start: 0 }));
    first.note(0);
    await first.flush();
    mock.timers.tick(5000);
    // It has read 100 bytes before it counts.
    const second = new PrintTimes(() => ({ path, start: -100 }));
    second.note(7);
    await second.flush();
    assert.deepEqual(read(), [
      [0, 1000],
      [107, 6000],
    ]);
  });

  it('go on where another warden has begun, also where it has set the log aside before it wrote any', async () => {
    const first = new PrintTimes(() => ({ path, start: 0 }));
    first.note(0);
    await first.flush();
    let start = -50;
    const second = new PrintTimes(() => ({ path, start }));
    mock.timers.tick(100);
    second.note(0);
    start = 20;
    mock.timers.tick(100);
    second.note(25);
    await second.flush();
    assert.deepEqual(read(), [
      [-70, 1000],
      [-20, 1100],
      [5, 1200],
    ]);
  });

  it('take no more room than a share of the log, and stay readable', async () => {
    const times = new PrintTimes(() => ({ path, start: 0 }), { maxBytes: 10_000, maxFiles: 1 });
    for (let number = 0; number < 1000; number++) {
      mock.timers.tick(10);
      times.note(number);
      if (number % 20 === 0) await times.flush();
    }
    await times.flush();
    for (const suffix of ['', '.1']) assert.ok(statSync(`${path}.times${suffix}`).size < 3000);
    const found = read();
    assert.ok(found.length > 100);
    assert.deepEqual(found.at(-1), [999, 1000 + 10_000]);
    for (const [offset, at] of found) assert.equal(at, 1010 + offset * 10);
  });

  it('are right again behind a part that could not be written', async () => {
    let start = 0;
    const times = new PrintTimes(() => ({ path, start }));
    times.note(0);
    await times.flush();
    const before = readFileSync(`${path}.times`);
    // What a disk that fills up may leave of a line.
    for (const torn of ['=', '1234567', '']) {
      rmSync(`${path}.times`);
      mkdirSync(`${path}.times`);
      start += 50;
      mock.timers.tick(100);
      times.note(start);
      await times.flush();
      rmSync(`${path}.times`, { recursive: true });
      writeFileSync(`${path}.times`, Buffer.concat([before, Buffer.from(torn)]));
      mock.timers.tick(100);
      times.note(start + 5);
      await times.flush();
      assert.deepEqual(read(), [
        [-start, 1000],
        [5, Date.now()],
      ]);
    }
  });

  it('wait for no reader where a pipe is in their place', { skip: process.platform === 'win32' }, async () => {
    execFileSync('mkfifo', [`${path}.times`]);
    const times = new PrintTimes(() => ({ path, start: 0 }));
    times.note(0);
    await times.flush();
    assert.ok(statSync(`${path}.times`).isFIFO());
  });

  it('are lost, and nothing else, where they cannot be written', async () => {
    const times = new PrintTimes(() => ({ path: join(folder, 'missing', 'it.log'), start: 0 }));
    times.note(0);
    await times.flush();
    const unknown = new PrintTimes(() => undefined);
    unknown.note(0);
    await unknown.flush();
    assert.equal(existsSync(`${path}.times`), false);
  });
});
