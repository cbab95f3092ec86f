/** `tree-warden send-keys`: what is typed arrives in terminals and pipes, and what cannot arrive is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { eventually } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

async function printed(warden: TestWarden, { id }: TreeSnapshot, pattern: RegExp): Promise<void> {
  await using output = warden.client.output({ tree: id, from: 0, whenBehind: 'skip', follow: true });
  let text = '';
  for await (const { data } of output) {
    text += data.toString();
    if (pattern.test(text)) return;
  }
  assert.fail(`${pattern} is not in ${JSON.stringify(text)}`);
}

describe('send-keys', () => {
  it('types text and keys into a terminal, and Ctrl-C ends what runs there', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('trap "echo stopped; exit 3" INT; read -r x; echo "got <$x>"; stty raw; cat -v', { stdio: 'pty' });
    assert.deepEqual(warden.run.call(['send-keys', 'test', 'one', 'Space', '二', 'Enter']), { code: 0, stdout: '', stderr: '' });
    await printed(warden, tree, /got <one 二>/);
    assert.equal(warden.run.call(['send-keys', tree.id.slice(0, 8), '--', 'Up', 'M-x', '-', 'C-b']).code, 0);
    await printed(warden, tree, /\^\[\[A\^\[x-\^B/);
    const other = await warden.startShell('trap "exit 3" INT; echo set; while :; do sleep 0.05; done', { name: 'other', stdio: 'pty' });
    await printed(warden, other, /set/);
    assert.equal(warden.run.call(['send-keys', 'other', 'C-c']).code, 0);
    const ended = await eventually('it has ended', async () => {
      const now = await warden.tree(other.id);
      return now.endedAt !== undefined && now;
    });
    assert.equal(ended.exit?.code, 3);
  });

  it('gives a pipe text and newlines, and refuses the keys of terminals', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('while read -r x; do echo "got <$x>"; done');
    const refused = warden.run.call(['send-keys', 'test', 'no', 'C-c']);
    assert.deepEqual(
      [refused.code, refused.stderr],
      [
        1,
        "tree-warden: 'test' has a pipe as its stdin, and no terminal in which C-c would be a key: it takes text and Enter. Nothing was sent.\n",
      ],
    );
    assert.equal(warden.run.call(['send-keys', 'test', 'yes', 'Enter']).code, 0);
    assert.equal(warden.run.call(['send-keys', '--literal', 'test', 'C-c', '\n']).code, 0);
    await printed(warden, tree, /^got <yes>\ngot <C-c>\n/);
  });

  it('says why a process takes no input', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('sleep 100', { name: 'raw', stdio: 'raw' });
    await warden.startShell('sleep 100', { name: 'api#1', pool: 'api' });
    await warden.startShell('sleep 100', { name: 'api#2', pool: 'api' });
    warden.run.call(['run', '-d', '-n', 'background', 'sleep', '100']);
    const cases: [args: readonly string[], stderr: RegExp][] = [
      [['raw', 'x'], /^tree-warden: 'raw' takes no input: its stdin belongs to the program that has started it\.\n$/],
      [['background', 'x'], /^tree-warden: 'background' takes no input: it runs in the background with an empty stdin, as/],
      [['api', 'x'], /^tree-warden: 'api' has several instances: api#1, api#2\. Name one of them\.\n$/],
      [['nothing', 'x'], /^tree-warden: There is no running tree 'nothing'\. Running are: /],
      [['raw'], /missing required argument 'keys'/],
    ];
    for (const [args, stderr] of cases) {
      const found = warden.run.call(['send-keys', ...args]);
      assert.notEqual(found.code, 0);
      assert.match(found.stderr, stderr);
    }
    // A client that has read an older list.
    const tree = await warden.startShell('exit 0', { name: 'short', stdio: 'pty' });
    await eventually('it has ended', async () => (await warden.tree(tree.id)).endedAt !== undefined);
    await assert.rejects(warden.client.sendInput(tree.id, Buffer.from('x')), /'short' has ended, and takes no input\./);
    await assert.rejects(warden.client.sendInput(tree.id, Buffer.alloc(2 ** 20)), /'input\/send' was not understood: base64/);
    warden.run.call(['kill', 'background']);
  });
});
