/** A process that waits for an answer says so; shells, shortcuts and silence do not count. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

const node = (script: string): string => `exec ${process.execPath} -e '${script}'`;
const readline = 'require("readline").createInterface';

/** Command lines by name, and the prompt of each. */
const programs: Readonly<Record<string, readonly [script: string, prompt: string | undefined]>> = {
  line: ['printf "Name "; read -r x; echo "got $x"', 'Name'],
  password: ['stty -echo; printf "Secret: "; read -r x; stty echo; echo "got $x"', 'Secret:'],
  question: [node(`${readline}({ input: process.stdin, output: process.stdout }).question("Port? (80) ", console.log)`), 'Port? (80)'],
  shell: ["PS1='$ ' exec sh -i", undefined],
  repl: [node('require("repl").start()'), undefined],
  shortcuts: [node(`console.log("press h + enter to show help"); ${readline}({ input: process.stdin })`), undefined],
  keys: [node('console.log("Press any key"); process.stdin.setRawMode(true).resume()'), undefined],
  download: [node('process.stdout.write("Downloading: "); setInterval(() => undefined, 1000)'), undefined],
  background: ['sleep 100 & printf "Working: "; wait', undefined],
};

describe('a prompt', { skip: process.platform !== 'linux' && 'it is seen on Linux alone' }, () => {
  it('is seen when it waits, told once, and gone when it is answered', async () => {
    await using warden = await TestWarden.start();
    const ids = new Map<string, string>();
    for (const [name, [script]] of Object.entries(programs)) ids.set(name, (await warden.startShell(script, { name, stdio: 'pty' })).id);
    const promptsNow = async (): Promise<object> =>
      Object.fromEntries((await warden.client.list()).map(({ name, prompt }) => [name, prompt]));
    const expected = Object.fromEntries(Object.entries(programs).map(([name, [, prompt]]) => [name, prompt]));
    const waiting = Object.values(expected).filter((prompt) => prompt !== undefined).length;
    await eventually('all prompts are seen', async () => Object.values(await promptsNow()).filter(Boolean).length >= waiting);
    assert.deepEqual(await promptsNow(), expected);
    const told = async (): Promise<unknown[]> => (await warden.journal()).flatMap(({ event, spec }) => (event === 'prompt' ? spec : []));
    assert.deepEqual((await told()).toSorted(), ['line', 'password', 'question']);
    assert.match(warden.run.call(['events', 'line']).stdout, /line +prompt +Name\n/);
    for (const name of ['line', 'password', 'question']) assert.equal(warden.run.call(['send-keys', name, 'x', 'Enter']).code, 0);
    await eventually('none is left', async () => Object.values(await promptsNow()).every((prompt) => prompt === undefined));
    assert.equal((await told()).length, 3);
  });
});
