/** Inputs, secrets and settings in processes.json, with real processes: who is asked, who gets the value, and where it is not. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { NeededValues } from '../../src/protocol/startVariables.ts';
import { linesOf } from '../support/declared.ts';
import { filesBelow } from '../support/filesBelow.ts';
import { cli, eventually, Run } from '../support/run.ts';
import { InteractiveShell } from '../support/shell.ts';
import { survivorsOf } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const secret = 'plain-words-of-the-secret';

function declare(run: Run, file: object): void {
  mkdirSync(join(run.workFolder, '.vscode'), { recursive: true });
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify(file, undefined, 1));
}

const inputs = [
  { id: 'target', type: 'promptString', description: 'Which target?', default: 'dev' },
  { id: 'size', type: 'pickString', description: 'Which size?', options: ['small', { label: 'Large one', value: 'large' }] },
  { id: 'pin', type: 'promptString', password: true },
  { id: 'pod', type: 'command', command: 'kubernetes.pick' },
];
const process = (command: string, env: Record<string, string> = {}): object => ({ command, env, pty: false });

/** What is on disk of a run, in all of its files but those of its processes. */
async function writtenBy(run: Run): Promise<string> {
  const files = await eventually('all files are read', () => filesBelow(run.folder));
  return [...files].flatMap(([path, text]) => (path.startsWith(run.workFolder) ? [] : text)).join('\n');
}

describe('a value that is given at a start, on the command line', () => {
  it('comes from the environment, before the default', async () => {
    await using run = new Run();
    declare(run, { inputs, processes: { a: process('echo "<${input:target}> <${input:size}> <$T>"', { T: '${secret:api.key}' }) } });
    const given = { TREE_WARDEN_INPUT_target: 'prod ${instance}', TREE_WARDEN_INPUT_size: 'large', TREE_WARDEN_SECRET_api_key: secret };
    const { code, stdout, stderr } = run.call(['up'], { env: given });
    assert.equal(code, 0, stderr);
    // The shell has no variable of that name.
    assert.ok(stdout.includes(`<prod > <large> <${secret}>`), stdout);
  });

  it('is the default where nothing can be asked', async () => {
    await using run = new Run();
    declare(run, { inputs, processes: { a: process('echo "<${input:target}>"') } });
    const { code, stdout, stderr } = run.call(['up']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /<dev>/);
  });

  const refused: [string, object, NodeJS.ProcessEnv, RegExp][] = [
    [
      'an input without a default',
      process('echo ${input:size}'),
      {},
      /the input 'size' has no value\. Set it in the environment: TREE_WARDEN_INPUT_size/,
    ],
    [
      'a secret',
      process('echo', { T: '${secret:api.key}' }),
      {},
      /The secret 'api\.key' is not known\. Set it in the environment: TREE_WARDEN_SECRET_api_key/,
    ],
    ['a secret that is empty', process('echo', { T: '${secret:x}' }), { TREE_WARDEN_SECRET_x: '' }, /The secret 'x' is not known/],
    [
      'an answer of a command',
      process('echo ${command:a.b}'),
      {},
      /\$\{command:a\.b\} is the answer of a command of VS Code.* declare an input of type "command"/,
    ],
    [
      'an input of a command',
      process('echo ${input:pod}'),
      {},
      /the input 'pod' is the answer of a command of VS Code.*TREE_WARDEN_INPUT_pod/,
    ],
    [
      'what is no option',
      process('echo ${input:size}'),
      { TREE_WARDEN_INPUT_size: 'tiny' },
      /TREE_WARDEN_INPUT_size is none of the options of the input 'size': small, large/,
    ],
    [
      'what is too long',
      process('echo ${input:target}'),
      { TREE_WARDEN_INPUT_target: 'x'.repeat(32_769) },
      /TREE_WARDEN_INPUT_target cannot be used: it is longer than 32768 characters/,
    ],
    [
      'a secret in a command',
      process('echo ${secret:x}'),
      {},
      /processes\.json:\d+:\d+: processes\.a\.command: \$\{secret:x\}: a secret may stand in "env" only/,
    ],
  ];
  for (const [what, declared, env, message] of refused)
    it(`has nothing started without it: ${what}`, async () => {
      await using run = new Run();
      declare(run, { inputs, processes: { a: declared, b: process('touch was-started') } });
      const { code, stdout, stderr } = run.call(['up'], { env });
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.ok(!readdirSync(run.workFolder).includes('was-started'));
    });

  it('is asked on a terminal, each once; what is secret is not shown', async () => {
    await using run = new Run();
    const echo = process('echo "<${input:target}|${input:size}|$T|$P>" >> out', { T: '${secret:api.key}', P: '${input:pin}' });
    declare(run, { inputs, processes: { a: echo, b: echo } });
    using shell = new InteractiveShell(run);
    const answered = async (keys: string, next: RegExp): Promise<void> => {
      const from = shell.screen.length;
      shell.type(keys);
      await shell.sees(next, from);
    };
    await shell.sees(/> $/);
    shell.type(`"${globalThis.process.execPath}" "${cli}" up; echo status $?\r`);
    // Behind the question, the editor of the line moves the cursor.
    await shell.sees(/Which target\? \[dev\]: /);
    await answered('\r', /1 {2}small\r\n {2}2 {2}Large one\r\n.*1 to 2: /s);
    await answered('5\r', /1 to 2: /);
    await answered('2\r', /Secret api\.key: $/);
    await answered(`${secret}\r`, /pin: $/);
    shell.type(`${secret}\r`);
    await shell.sees(/status 0/);
    const line = `<dev|large|${secret}|${secret}>\n`;
    assert.equal(readFileSync(join(run.workFolder, 'out'), 'utf8'), line + line);
    assert.ok(!shell.screen.includes(secret), shell.screen);
  });

  for (const [what, key, status, message] of [
    ['Ctrl+C', '\x03', 130, /the question was interrupted/],
    ['the end of the input', '\x04', 1, /the question was not answered/],
  ] as const)
    it(`is not needed any more after ${what}`, async () => {
      await using run = new Run();
      declare(run, { inputs, processes: { a: process('touch was-started; echo ${input:target}') } });
      using shell = new InteractiveShell(run);
      await shell.sees(/> $/);
      shell.type(`"${globalThis.process.execPath}" "${cli}" up; echo status $?\r`);
      await shell.sees(/Which target\? \[dev\]: /);
      shell.type(key);
      await shell.sees(new RegExp(`status ${status}`));
      assert.match(shell.screen, message);
      assert.ok(!readdirSync(run.workFolder).includes('was-started'));
    });

  it('is in no file, no list and no other process where it is secret', async () => {
    await using run = new Run();
    declare(run, {
      inputs,
      processes: {
        a: {
          ...process('echo ready; exec sleep 1000', { T: '${secret:key}', P: '${input:pin}' }),
          ready: { log: 'ready' },
          lifetime: 'detached',
        },
        b: { ...process('env > b-env; echo ready; exec sleep 1000'), ready: { log: 'ready' }, lifetime: 'detached' },
      },
    });
    const { code, stderr, stdout } = run.call(['up', '--detach'], {
      env: { TREE_WARDEN_SECRET_key: secret, TREE_WARDEN_INPUT_pin: secret },
    });
    assert.equal(code, 0, stderr);
    const [a] = run.ps().filter(({ name }) => name === 'a');
    assert.ok(a);
    assert.ok(readFileSync(`/proc/${a.leader.pid}/environ`, 'utf8').includes(`T=${secret}`));
    const told = [['ps'], ['ps', '--json'], ['config'], ['config', '--json'], ['runs', 'a'], ['doctor']].map((args) => run.call(args));
    const shown = [stdout, stderr, ...told.flatMap((one) => [one.stdout, one.stderr]), await writtenBy(run)].join('\n');
    assert.ok(!shown.includes(secret));
    assert.match(told[2]?.stdout ?? '', /"T": "\$\{secret:key\}"/);
    assert.ok(!readFileSync(join(run.workFolder, 'b-env'), 'utf8').includes(secret));
    const again = run.call(['up', '--detach']);
    assert.equal(again.code, 0, 'what runs needs nothing');
    const restarted = run.call(['restart', 'a']);
    assert.equal(restarted.code, 0, restarted.stderr);
    const [next] = run.ps().filter(({ name }) => name === 'a');
    assert.ok(next && next.leader.pid !== a.leader.pid);
    assert.ok(readFileSync(`/proc/${next.leader.pid}/environ`, 'utf8').includes(`T=${secret}`));
    assert.equal(run.call(['down']).code, 0);
    await eventually('nothing is left, nor its warden', () => survivorsOf(run.workFolder).length === 0);
  });

  it('comes from the settings of the folder, or is told where it was looked for', async () => {
    await using run = new Run();
    declare(run, { processes: { a: process('echo "<${config:app.port}|${workspaceFolderBasename}|${userHome}|${cwd}>"') } });
    const path = join(run.workFolder, '.vscode', 'settings.json');
    writeFileSync(path, '{ "app": { "port": 8080 }, /* a comment */ }');
    const { stdout } = run.call(['up'], { env: { HOME: run.folder } });
    assert.ok(stdout.includes(`<8080|work|${run.folder}|${run.workFolder}>`), stdout);
    writeFileSync(path, '{}');
    const { code, stderr } = run.call(['up'], { env: { HOME: run.folder } });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /'a' cannot be started: The setting 'app\.port' is in none of the files where it was looked for: .*settings\.json/,
    );
  });
});

describe('a value that is given at a start, for a warden', () => {
  const neededBy = async (work: Promise<unknown>): Promise<readonly NeededValues[] | undefined> =>
    await work.then(
      () => assert.fail('it was started'),
      (error: { readonly data?: { readonly needed?: readonly NeededValues[] } }) => error.data?.needed,
    );

  it('is asked for by name, also of what is started with it, and is kept for restarts', async () => {
    await using warden = await TestWarden.start();
    const { client, run } = warden;
    const template = (script: string): object => {
      const { name: _, ...rest } = warden.request(['/bin/sh', '-c', script, run.workFolder]);
      return rest;
    };
    const out = (): string[] => linesOf(run, 'out');
    const script = 'echo "$0 <${input:x}>" >> out; exec sleep 1000';
    await client.names.declare({
      origin: 'file',
      processes: [
        { name: 'db', instances: 1, template: template(script.replace('$0', 'db')) as never },
        {
          name: 'web',
          instances: 1,
          template: template(script.replace('$0', 'web')) as never,
          dependsOn: [{ name: 'db', condition: 'started' }],
        },
      ],
    });
    assert.deepEqual(await neededBy(client.names.start({ name: 'web' })), [
      { name: 'db', variables: ['input:x'] },
      { name: 'web', variables: ['input:x'] },
    ]);
    assert.deepEqual(await neededBy(client.names.start({ name: 'web', values: { web: { 'input:x': '1' } } })), [
      { name: 'db', variables: ['input:x'] },
    ]);
    assert.equal((await client.list()).length, 0);
    const started = await client.names.start({ name: 'web', values: { web: { 'input:x': '1' }, db: { 'input:x': '${instance}' } } });
    assert.deepEqual(started.failures, []);
    await eventually('both run', () => out().length === 2);
    // Their shells write in any order.
    assert.deepEqual(out().toSorted(), ['db <>', 'web <1>']);
    // What runs needs nothing, and a restart has it already.
    assert.deepEqual(await client.names.start({ name: 'web' }), { trees: [], failures: [] });
    assert.deepEqual((await client.names.restart({ name: 'web', reason: 'a test' })).failures, []);
    await eventually('it was restarted', () => out().length === 3);
    assert.deepEqual((await client.names.restart({ name: 'web', reason: 'a test', values: { web: { 'input:x': '2' } } })).failures, []);
    await eventually('it was restarted with another value', () => out().length === 4);
    assert.deepEqual(out().slice(2), ['web <1>', 'web <2>']);
    // A start by hand is asked anew.
    await client.names.stop({ name: 'web', now: true, reason: 'a test' });
    assert.deepEqual(await neededBy(client.names.start({ name: 'web' })), [{ name: 'web', variables: ['input:x'] }]);
    await client.names.stop({ name: 'db', now: true, reason: 'a test' });
  });

  it('is refused where it is none', async () => {
    await using warden = await TestWarden.start();
    const { names } = warden.client;
    for (const values of [{ a: { 'input:x': 'a\0b' } }, { a: { 'input:x': 'x'.repeat(32_769) } }, { a: 5 }, []])
      await assert.rejects(names.start({ name: 'a', values: values as never }), /values: are no values/);
  });
});
