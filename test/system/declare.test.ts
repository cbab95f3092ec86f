/** Declared names: the warden remembers what is declared and desired of them, and sees to it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectToWarden } from '../../src/client/wardenClient.ts';
import type { NameStatus, ProcessDeclaration } from '../../src/protocol/declare.ts';
import { errorCodes } from '../../src/protocol/errorCodes.ts';
import type { ProcessTemplate } from '../../src/protocol/processTemplate.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { isLive } from '../../src/protocol/trees.ts';
import { socketPath } from '../../src/records/records.ts';
import { wholeLines } from '../support/declared.ts';
import { eventually } from '../support/run.ts';
import { survivorsOf } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const reason = 'the test says so';
const origin = 'file';

/** A file with one process, and a warden that knows it. */
class Declaring implements AsyncDisposable {
  readonly warden: TestWarden;

  static async with(script: string, instances = 1, changes: Partial<ProcessTemplate> = {}): Promise<Declaring> {
    const declaring = new Declaring(await TestWarden.start());
    await declaring.declare(script, instances, changes);
    return declaring;
  }

  private constructor(warden: TestWarden) {
    this.warden = warden;
  }

  get names(): TestWarden['client']['names'] {
    return this.warden.client.names;
  }

  async declare(script: string, instances = 1, changes: Partial<ProcessTemplate> = {}): Promise<readonly NameStatus[]> {
    return await this.names.declare({ origin, processes: [this.process(script, instances, changes)] });
  }

  process(script: string, instances = 1, changes: Partial<ProcessTemplate> = {}, name = 'api'): ProcessDeclaration {
    const { name: _, ...template } = this.warden.request(['/bin/sh', '-c', script, this.warden.run.workFolder]);
    return { name, instances, template: { ...template, ...changes } };
  }

  async status(): Promise<NameStatus> {
    return (await this.names.list()).find(({ name }) => name === 'api') ?? assert.fail('it is not known');
  }

  async live(): Promise<TreeSnapshot[]> {
    return (await this.warden.client.list()).filter(isLive).toSorted((a, b) => a.name.localeCompare(b.name));
  }

  file(name: string): string {
    return join(this.warden.run.workFolder, name);
  }

  lines(name: string): string[] {
    return existsSync(this.file(name)) ? wholeLines(readFileSync(this.file(name), 'utf8')) : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { workFolder } = this.warden.run;
    await this.warden.client.shutdown('the test is over', true);
    assert.deepEqual(survivorsOf(workFolder), []);
    await this.warden[Symbol.asyncDispose]();
  }
}

const namesOf = (trees: readonly { readonly name: string }[]): string[] => trees.map(({ name }) => name).sort();

describe('a declared name', () => {
  it('is started with a number and a port for each instance, which the warden knows', async () => {
    await using it = await Declaring.with('echo "$TREE_WARDEN_INSTANCE ${instance} ${port:web}" > out-${instance}; exec sleep 1000', 2);
    assert.deepEqual(await it.live(), []);
    const { trees, failures } = await it.names.start({ name: 'api' });
    assert.deepEqual(failures, []);
    assert.deepEqual(
      trees.map(({ name, pool }) => [name, pool]),
      [
        ['api', 'api'],
        ['api#2', 'api'],
      ],
    );
    const ports = [await it.names.port('web'), await it.names.port('web#2')];
    assert.notEqual(ports[0], ports[1]);
    for (const [index, port] of ports.entries())
      await eventually('it has written', () => it.lines(`out-${index + 1}`)[0] === `${index + 1} ${index + 1} ${port}`);
    assert.deepEqual(await it.names.start({ name: 'api' }), { trees: [], failures: [] });
  });

  it('alone has its own name and no pool', async () => {
    await using it = await Declaring.with('exec sleep 1000');
    const { trees } = await it.names.start({ name: 'api' });
    assert.deepEqual([namesOf(trees), trees[0]?.pool], [['api'], undefined]);
  });

  it('is stopped as a whole, or one instance of it', async () => {
    await using it = await Declaring.with('exec sleep 1000', 3);
    await it.names.start({ name: 'api' });
    const one = await it.names.stop({ name: 'api#2', now: false, reason });
    assert.deepEqual([namesOf(one.trees), one.trees[0]?.reason], [['api#2'], `${reason}`]);
    assert.deepEqual((await it.status()).desired, ['api', 'api#3']);
    assert.deepEqual(namesOf((await it.names.stop({ name: 'api#1', now: false, reason })).trees), ['api']);
    assert.deepEqual(namesOf((await it.names.start({ name: 'api' })).trees), ['api', 'api#2']);
    assert.deepEqual(namesOf((await it.names.stop({ name: 'api', now: true, reason })).trees), ['api', 'api#2', 'api#3']);
    assert.deepEqual([await it.live(), (await it.status()).desired], [[], []]);
  });

  it('that cannot be resolved, or is not there, is refused with a sentence', async () => {
    await using it = await Declaring.with('exec sleep 1000');
    const problem = 'the environment variable NOPE is not set.';
    await it.names.declare({ origin, processes: [it.process('exec sleep 1000'), { name: 'broken', instances: 1, problem }] });
    await assert.rejects(it.names.start({ name: 'broken' }), { message: problem });
    await assert.rejects(it.names.start({ name: 'nope' }), { message: "No process 'nope' is declared. Declared are: api, broken." });
    await assert.rejects(it.names.start({ name: 'api#2' }), { message: /'api' has 1 instances, and 'api#2' is none of them/ });
    assert.equal((await it.names.list()).find(({ name }) => name === 'broken')?.problem, problem);
  });

  it('tells for each instance why it could not be started, and starts the others', async () => {
    await using it = await Declaring.with('exec sleep 1000', 2, { argv: ['./program-${instance}'] });
    const { trees, failures } = await it.names.start({ name: 'api' });
    assert.deepEqual([trees, namesOf(failures)], [[], ['api', 'api#2']]);
    assert.match(failures[0]?.message ?? '', /program-1/);
    assert.deepEqual((await it.status()).desired, []);
    await it.declare('exec sleep 1000', 2);
    assert.equal((await it.names.start({ name: 'api' })).trees.length, 2);
  });

  it('that ends by itself is not desired any more, and one that was started by itself is', async () => {
    await using it = await Declaring.with('[ ${instance} = 1 ] && sleep 0.3 || exec sleep 1000', 2);
    await it.names.start({ name: 'api' });
    await eventually('one has ended', async () => (await it.status()).desired.length === 1);
    assert.deepEqual((await it.status()).desired, ['api#2']);
    await it.warden.startShell('exec sleep 1000', { name: 'api' });
    assert.deepEqual((await it.status()).desired, ['api', 'api#2']);
    assert.equal((await it.names.stop({ name: 'api', now: true, reason })).trees.length, 2);
  });
});

describe('another declaration', () => {
  it('touches nothing that runs before it is restarted, and says so', async () => {
    await using it = await Declaring.with('exec sleep 1000', 2);
    await it.names.start({ name: 'api' });
    const before = await it.live();
    const changed = await it.declare('echo new > new-${instance}; exec sleep 1001', 2);
    assert.deepEqual(
      changed[0]?.running.map((one) => one.changed),
      [true, true],
    );
    const { trees } = await it.names.restart({ name: 'api#2', reason });
    assert.match(trees[0]?.commandLine ?? '', /sleep 1001/);
    assert.deepEqual(
      (await it.status()).running.map((one) => one.changed),
      [true, undefined],
    );
    assert.equal((await it.live())[0]?.id, before[0]?.id);
    // The same again is none.
    await it.declare('exec sleep 1000', 2);
    assert.deepEqual(
      (await it.status()).running.map((one) => one.changed),
      [undefined, true],
    );
  });

  it('of the number of instances counts at once where it runs', async () => {
    await using it = await Declaring.with('exec sleep 1000', 3);
    await it.declare('exec sleep 1000', 2);
    assert.deepEqual(await it.live(), []);
    await it.names.start({ name: 'api' });
    const before = (await it.live()).map(({ id }) => id);
    await it.declare('exec sleep 1000', 3);
    await eventually('a third one runs', async () => (await it.live()).length === 3);
    await it.declare('exec sleep 1000', 1);
    await eventually('one is left', async () => (await it.live()).length === 1);
    assert.deepEqual(
      (await it.live()).map(({ id }) => id),
      before.slice(0, 1),
    );
  });

  it('without it lets it run, says that it is not declared, and forgets it when it has ended', async () => {
    await using it = await Declaring.with('exec sleep 1000', 2);
    await it.names.start({ name: 'api' });
    await it.names.declare({ origin: 'another file', processes: [it.process('exec sleep 1000', 1, {}, 'other')] });
    assert.equal((await it.status()).origin, origin);
    await it.names.declare({ origin, processes: [] });
    assert.deepEqual([(await it.status()).origin, (await it.live()).length], [undefined, 2]);
    await assert.rejects(it.names.start({ name: 'api' }), { message: "'api' was not started: no file declares it any more." });
    assert.deepEqual(namesOf((await it.names.restart({ name: 'api#2', reason })).trees), ['api#2']);
    await it.names.stop({ name: 'api', now: true, reason });
    assert.deepEqual(namesOf(await it.names.list()), ['other']);
  });
});

describe('a scale', () => {
  it('is remembered by the warden, also where nothing runs, and seen by another client', async () => {
    await using it = await Declaring.with('exec sleep 1000', 2);
    await it.names.scale({ name: 'api', instances: 4, reason });
    assert.deepEqual(await it.live(), []);
    const other = await connectToWarden(socketPath(it.warden.client.welcome.folder), 'another client');
    try {
      assert.equal((await other.names.list())[0]?.instances, 4);
      assert.equal((await other.names.start({ name: 'api' })).trees.length, 4);
      const told = new Promise<readonly NameStatus[]>((resolve) =>
        other.names.onChange((names) => names[0]?.instances === 1 && resolve(names)),
      );
      await other.watch(0);
      const { trees } = await it.names.scale({ name: 'api', instances: 1, reason: 'scaled to 1' });
      assert.deepEqual(
        trees.map((tree) => [tree.name, tree.reason]),
        ['api#2', 'api#3', 'api#4'].map((name) => [name, 'scaled to 1']),
      );
      await told;
      assert.deepEqual(namesOf(await it.live()), ['api']);
    } finally {
      other.dispose();
    }
  });
});

describe('a restart of a pool', () => {
  const script =
    'echo "start ${instance}" >> turns; sleep 0.2; while [ -e hold ]; do sleep 0.02; done; echo "ready ${instance}" >> turns; echo up; exec sleep 1000';
  const probe = {
    check: { by: 'log', pattern: '^up$' },
    delayMillis: 0,
    timeoutMillis: 1000,
    failureThreshold: 3,
    successThreshold: 1,
  } as const;
  const allReady = async (it: Declaring): Promise<boolean> => (await it.live()).filter(({ state }) => state === 'ready').length === 3;

  it('restarts one after the other, each when the one before it is ready', async () => {
    await using it = await Declaring.with(script, 3, { ready: probe });
    await it.names.start({ name: 'api' });
    await eventually('all are ready', () => allReady(it));
    const before = it.lines('turns').length;
    const { trees, failures } = await it.names.restart({ name: 'api', reason });
    assert.deepEqual([namesOf(trees), failures], [['api', 'api#2', 'api#3'], []]);
    await eventually('the last one is ready', () => it.lines('turns').length === before + 6);
    assert.deepEqual(it.lines('turns').slice(before), ['start 1', 'ready 1', 'start 2', 'ready 2', 'start 3', 'ready 3']);
  });

  it('is called off by a stop', async () => {
    await using it = await Declaring.with(script, 3, { ready: probe });
    await it.names.start({ name: 'api' });
    await eventually('all are ready', () => allReady(it));
    // The next one would have its turn when this one is ready.
    writeFileSync(it.file('hold'), '');
    const before = it.lines('turns').length;
    const restarted = it.names.restart({ name: 'api', reason });
    await eventually('the first one is started', () => it.lines('turns').length > before);
    const stopped = await it.names.stop({ name: 'api', now: true, reason });
    assert.equal(stopped.trees.length, 3);
    const { failures } = await restarted;
    assert.deepEqual(
      failures.map(({ name, code }) => [name, code]),
      [
        ['api#2', errorCodes.superseded],
        ['api#3', errorCodes.superseded],
      ],
    );
    assert.deepEqual([await it.live(), it.lines('turns').filter((line) => line === 'start 2').length], [[], 1]);
  });

  it('leaves out an instance that is stopped by its tree meanwhile', async () => {
    await using it = await Declaring.with(script, 3, { ready: probe });
    await it.names.start({ name: 'api' });
    await eventually('all are ready', () => allReady(it));
    const before = it.lines('turns').length;
    const last = (await it.live()).find(({ name }) => name === 'api#3') ?? assert.fail('it is not there');
    writeFileSync(it.file('hold'), '');
    const restarted = it.names.restart({ name: 'api', reason });
    await eventually('the first one is started', () => it.lines('turns').length > before);
    await it.warden.stop(last.id, true);
    rmSync(it.file('hold'));
    assert.deepEqual(
      (await restarted).failures.map(({ name, code }) => [name, code]),
      [['api#3', errorCodes.superseded]],
    );
    assert.deepEqual(namesOf(await it.live()), ['api', 'api#2']);
  });

  it('goes on where one of them fails', async () => {
    await using it = await Declaring.with(script, 3, { ready: probe });
    await it.names.start({ name: 'api' });
    await eventually('all are ready', () => allReady(it));
    await it.declare(`[ \${instance} = 1 ] && exit 3; ${script}`, 3, { ready: probe });
    await it.names.restart({ name: 'api', reason });
    await eventually('the others are ready', async () => (await it.live()).filter(({ state }) => state === 'ready').length === 2);
    assert.deepEqual(namesOf(await it.live()), ['api#2', 'api#3']);
    assert.deepEqual(
      (await it.status()).running.map(({ changed }) => changed),
      [undefined, undefined],
    );
  });
});

describe('a stop that follows at once', () => {
  it('is the last word, also while a port is looked for', async () => {
    await using it = await Declaring.with('echo ${port:a} ${port:b} ${port:c}; exec sleep 1000', 3);
    const started = it.names.start({ name: 'api' });
    const stopped = it.names.stop({ name: 'api', now: true, reason });
    await Promise.all([started, stopped]);
    assert.deepEqual([await it.live(), (await it.status()).desired], [[], []]);
  });
});

describe('names of instances', () => {
  it('are no other than those that the warden numbers', async () => {
    await using declaring = await Declaring.with('exec sleep 1000', 2);
    for (const name of ['api#0', 'api#00', 'api#02']) {
      const expected = { message: `No process '${name}' is declared. Declared are: api.` };
      await assert.rejects(declaring.names.start({ name }), expected);
      await assert.rejects(declaring.names.restart({ name, reason }), expected);
    }
    assert.deepEqual(await declaring.live(), []);
  });
});
