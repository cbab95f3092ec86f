import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { errorText } from '../../../src/protocol/errors.ts';
import { describeLimits, formatBytes, formatDuration, formatPercent } from '../../../src/protocol/format.ts';
import { parseBytes, parseCores, parseDuration } from '../../../src/protocol/quantities.ts';
import { parseSignal, parseStop } from '../../../src/protocol/stopSteps.ts';
import { stateAndReason } from '../../../src/protocol/trees.ts';

describe('state and reason', () => {
  const cases = [
    ['ready', 'ready', 'ready'],
    ['exited', 'exited with code 0', 'exited with code 0'],
    ['failed', 'it was not ready within 1 min', 'failed, it was not ready within 1 min'],
    ['stopping', '', 'stopping'],
  ] as const;
  for (const [state, reason, expected] of cases) {
    it(`says ${expected}`, () => assert.equal(stateAndReason({ state, reason }), expected));
  }
});

describe('durations', () => {
  for (const [text, millis] of [
    ['250ms', 250],
    ['5s', 5000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    [' 2 s ', 2000],
    ['0s', 0],
  ] as const) {
    it(`'${text}' is ${millis} ms`, () => assert.equal(parseDuration(text), millis));
  }
  for (const text of ['', '5', 's', '-1s', '5 minutes', '1e3s', 'NaNs']) {
    it(`'${text}' is none`, () =>
      assert.throws(() => parseDuration(text), { name: 'RangeError', message: new RegExp(`^'${text}' is not a duration`) }));
  }
});

it('limits read as a list', () => {
  assert.equal(describeLimits({}), '');
  const all = { memoryBytes: 2 ** 30, processes: 50, cpuCores: 1.5, timeMillis: 600_000, openFiles: 64 };
  assert.equal(describeLimits(all), 'memory 1.0 GB, processes 50, cores 1.5, time 10 min, open files 64');
});

describe('sizes', () => {
  for (const [text, bytes] of [
    ['1024', 1024],
    ['1k', 1024],
    ['512 MB', 512 * 2 ** 20],
    ['1.5g', 1.5 * 2 ** 30],
    ['2GiB', 2 ** 31],
    ['1t', 2 ** 40],
    ['10b', 10],
  ] as const) {
    it(`'${text}' is ${bytes} bytes`, () => assert.equal(parseBytes(text), bytes));
  }
  for (const text of ['', 'g', '-1g', '1 gigabyte', '1e3', '1i'])
    it(`'${text}' is none`, () =>
      assert.throws(() => parseBytes(text), { name: 'RangeError', message: new RegExp(`^'${text}' is not a size`) }));
});

describe('shares of the processor', () => {
  for (const [text, cores] of [
    ['1.5', 1.5],
    ['150%', 1.5],
    ['25 %', 0.25],
    ['8', 8],
  ] as const) {
    it(`'${text}' is ${cores} cores`, () => assert.equal(parseCores(text), cores));
  }
  for (const text of ['', '0', '0%', '-1', 'all', '1 core'])
    it(`'${text}' is none`, () => assert.throws(() => parseCores(text), RangeError));
});

describe('signals', () => {
  for (const text of ['SIGTERM', 'TERM', 'sigterm', ' term ']) it(`'${text}' is SIGTERM`, () => assert.equal(parseSignal(text), 'SIGTERM'));
  for (const text of ['', 'SIG', 'SIGNOPE', '15', 'toString'])
    it(`'${text}' is none`, () => assert.throws(() => parseSignal(text), RangeError));
});

describe('a stop', () => {
  const kill = { signal: 'SIGKILL' };
  const cases: [string[], object[]][] = [
    [
      ['SIGTERM', '5s', 'SIGKILL'],
      [{ signal: 'SIGTERM' }, { waitMillis: 5000 }, kill],
    ],
    [['SIGKILL'], [kill]],
    [
      ['SIGINT', '1s'],
      [{ signal: 'SIGINT' }, { waitMillis: 1000 }, kill],
    ],
    [
      ['INT', '3s', 'TERM'],
      [{ signal: 'SIGINT' }, { waitMillis: 3000 }, { signal: 'SIGTERM' }, { waitMillis: 5000 }, kill],
    ],
  ];
  for (const [steps, expected] of cases) it(`${steps.join(' ')} ends in a kill`, () => assert.deepEqual(parseStop(steps), expected));
  const run = { run: 'x' };
  for (const [steps, expected] of [
    [[run], [run, { signal: 'SIGTERM' }, { waitMillis: 5000 }, { signal: 'SIGKILL' }]],
    [
      [run, '10s'],
      [run, { waitMillis: 10_000 }, { signal: 'SIGKILL' }],
    ],
    [
      ['SIGKILL', run],
      [{ signal: 'SIGKILL' }, run],
    ],
    [
      ['SIGINT', run],
      [{ signal: 'SIGINT' }, run, { waitMillis: 5000 }, { signal: 'SIGKILL' }],
    ],
  ] as const)
    it(`${JSON.stringify(steps)} ends in a kill, with its commands in their places`, () => assert.deepEqual(parseStop(steps), expected));
  for (const steps of [[], ['SIGTERM', 'soon'], ['SIGTERM', '5 weeks']]) {
    it(`[${steps.join(' ')}] is none`, () => assert.throws(() => parseStop(steps), RangeError));
  }
});

describe('figures', () => {
  for (const [bytes, text] of [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KB'],
    [1536, '1.5 KB'],
    [340 * 2 ** 20, '340 MB'],
    [1.2 * 2 ** 30, '1.2 GB'],
    [9.96 * 2 ** 30, '10 GB'],
    [1023 * 2 ** 20, '1.0 GB'],
  ] as const) {
    it(`${bytes} bytes are ${text}`, () => assert.equal(formatBytes(bytes), text));
  }
  for (const [millis, text] of [
    [0, '0 ms'],
    [80.4, '80 ms'],
    [999.6, '1.0 s'],
    [3240, '3.2 s'],
    [59_000, '59 s'],
    [250_000, '4 min 10 s'],
    [600_000, '10 min'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
  ] as const) {
    it(`${millis} ms are ${text}`, () => assert.equal(formatDuration(millis), text));
  }
  it('percent have one digit', () => assert.equal(formatPercent(12.44), '12.4 %'));
});

describe('errors', () => {
  const caught = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };
  it('are told in the system’s words', () => {
    assert.equal(errorText(caught(() => readFileSync('/no/such/file'))), 'no such file or directory (ENOENT)');
    assert.equal(errorText(caught(() => mkdirSync('/proc/nowhere'))), 'no such file or directory (ENOENT)');
    assert.equal(errorText(new Error('as it is')), 'as it is');
    assert.equal(errorText('a string'), 'a string');
    assert.equal(errorText(new RangeError('')), 'RangeError');
  });

  it('of a network call are the system’s, whatever Node puts in front', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const failureOf = (emitter: Server | Socket): Promise<string> =>
      new Promise((resolve) => emitter.once('error', (error) => resolve(errorText(error))));
    try {
      assert.equal(await failureOf(createServer().listen(port, '127.0.0.1')), 'address already in use (EADDRINUSE)');
      assert.equal(await failureOf(createServer().listen(0, '192.0.2.1')), 'address not available (EADDRNOTAVAIL)');
      assert.equal(await failureOf(createServer().listen('/no/such/folder/socket')), 'permission denied (EACCES)');
      assert.equal(await failureOf(connect('/no/such/socket')), 'no such file or directory (ENOENT)');
    } finally {
      server.close();
    }
    assert.equal(await failureOf(connect(port, '127.0.0.1')), 'connection refused (ECONNREFUSED)');
    const both = ['127.0.0.1', '::1'].map((address) =>
      Object.assign(new Error(`connect ECONNREFUSED ${address}:1`), {
        code: 'ECONNREFUSED',
        errno: -constants.errno.ECONNREFUSED,
        syscall: 'connect',
      }),
    );
    assert.equal(errorText(new AggregateError(both)), 'connection refused (ECONNREFUSED)');
  });
});
