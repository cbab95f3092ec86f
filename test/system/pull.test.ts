/** `tree-warden pull`, with programs that stand for Ollama and hf. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, exitOf, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';

const ollama = fileURLToPath(new URL('../fixtures/programs/ollama.cjs', import.meta.url));

/** With a processes.json of these models, and a PATH with these programs, and Node's and the system's. */
function runWith(models: object, programs: Readonly<Record<string, string>> = {}): Run & { readonly pulled: () => string } {
  const run = new Run();
  const bin = join(run.folder, 'bin');
  mkdirSync(bin);
  mkdirSync(join(run.workFolder, '.vscode'));
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ models }));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), script);
    chmodSync(join(bin, name), 0o755);
  }
  const pulled = join(run.folder, 'pulled');
  Object.assign(run.env, { PATH: [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(':'), PULLED: pulled });
  return Object.assign(run, { pulled: () => (existsSync(pulled) ? readFileSync(pulled, 'utf8') : '') });
}

describe('tree-warden pull', () => {
  const byOllama = (model: string) => ({ writer: { runtime: 'ollama', model } });
  const fakeOllama = { ollama: readFileSync(ollama, 'utf8') };

  it('has a server of Ollama download a model, says how far it is, and leaves nothing behind', async () => {
    await using run = runWith(byOllama('llama3.2'), fakeOllama);
    const { code, stdout, stderr } = run.call(['pull', 'writer']);
    assert.deepEqual(
      [code, stdout, stderr],
      [0, "'writer' (llama3.2) is downloaded.\n", 'writer: pulling manifest\nwriter: pulling 6a07\nwriter: success\n'],
    );
    assert.match(run.pulled(), /^\d+ POST \/api\/pull llama3\.2\n$/);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  const failures: [string, string, RegExp][] = [
    [
      'of which there is none',
      'none',
      /'writer' \(none\) could not be downloaded by Ollama: pull model manifest: file does not exist\.\n$/,
    ],
    ['whose server dies', 'dies', /'writer' \(dies\) could not be downloaded by Ollama: its server exited with code 3\./],
  ];
  for (const [what, model, message] of failures)
    it(`fails for a model ${what}`, async () => {
      await using run = runWith(byOllama(model), fakeOllama);
      const { code, stdout, stderr } = run.call(['pull', 'writer']);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, message);
    });

  it('ends its server where it is interrupted', async () => {
    await using run = runWith(byOllama('lasts'), fakeOllama);
    const child = run.start(['pull', 'writer']);
    await eventually('it is asked', () => run.pulled() !== '');
    child.kill('SIGINT');
    assert.equal(await exitOf(child), 128 + 2);
    assert.ok(!isAlive(Number.parseInt(run.pulled(), 10)));
  });

  it('runs hf, in the environment that the model declares, and passes on its exit status', async () => {
    const hf = '#!/bin/sh\necho "$HF_HOME: $*"; exit ${HF_STATUS:-0}\n';
    await using run = runWith({ coder: { runtime: 'vllm', model: 'org/coder', env: { HF_HOME: '/cache' } } }, { hf });
    assert.deepEqual(run.call(['pull', 'coder']), { code: 0, stdout: '/cache: download org/coder\n', stderr: '' });
    assert.equal(run.call(['pull', 'coder'], { env: { ...run.env, HF_STATUS: '5' } }).code, 5);
  });

  const sentences: [string, object, number, RegExp][] = [
    [
      'without a program for it',
      { runtime: 'vllm', model: 'org/coder' },
      127,
      /'coder' \(org\/coder\) cannot be downloaded: neither hf nor huggingface-cli is in the PATH\. They come with huggingface_hub: pip install/,
    ],
    [
      'without llama',
      { runtime: 'llama.cpp', model: 'org/coder-GGUF' },
      127,
      /'coder' \(org\/coder-GGUF\) cannot be downloaded: llama is not in the PATH\. The program llama comes with/,
    ],
    ['without Ollama', { runtime: 'ollama', model: 'x' }, 127, /'ollama'.*See ollama\.com\/download/s],
    [
      'of one’s own server',
      { runtime: 'custom', command: ['serve', '${port}'] },
      1,
      /'coder' cannot be downloaded ahead of time: custom has no means for that that Tree Warden knows\./,
    ],
    ['that is not declared', { runtime: 'ollama', model: 'x' }, 2, /declares no model 'other'; it declares coder\./],
  ];
  for (const [what, model, expected, message] of sentences)
    it(`says what to do for a model ${what}`, async () => {
      await using run = runWith({ coder: model });
      const { code, stderr } = run.call(['pull', what.includes('not declared') ? 'other' : 'coder']);
      assert.match(stderr, message);
      assert.equal(code, expected);
    });

  it('does nothing for a model that is a file', async () => {
    await using run = runWith({ coder: { runtime: 'llama.cpp', model: 'small.gguf' } });
    copyFileSync(ollama, join(run.workFolder, 'small.gguf'));
    const { code, stdout } = run.call(['pull', 'coder']);
    assert.deepEqual([code, stdout], [0, `'coder' needs no download: its file is ${join(run.workFolder, 'small.gguf')}.\n`]);
  });
});
