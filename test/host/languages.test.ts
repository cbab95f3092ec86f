/** An editor in another language: what the warden says is translated, as the extension's own messages are. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import manifest from '../../package.json' with { type: 'json' };
import { root } from '../../src/build/paths.ts';
import { l10nBundleFile } from '../../src/build/reference/l10nBundle.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const language = 'de';

/** The extension with a bundle of that language, in which every message stands in quotes. */
function extensionWithBundle(folder: string): string {
  const { publisher, name, version } = manifest;
  const extension = join(folder, `${publisher}.${name}-${version}`);
  mkdirSync(join(extension, 'l10n'), { recursive: true });
  // The editor tells by the real path of its code which extension is asking.
  for (const entry of ['package.json', 'package.nls.json', 'dist', 'media'])
    cpSync(join(root, entry), join(extension, entry), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(extension, 'node_modules'));
  for (const entry of readdirSync(join(root, 'l10n'))) symlinkSync(join(root, 'l10n', entry), join(extension, 'l10n', entry));
  const messages = Object.keys(JSON.parse(readFileSync(join(root, l10nBundleFile), 'utf8')) as object);
  const quoted = Object.fromEntries(messages.map((message) => [message, `»${message}«`]));
  writeFileSync(join(extension, 'l10n', `bundle.l10n.${language}.json`), JSON.stringify(quoted));
  return extension;
}

describe('an editor in another language', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-language-'));
  let editor: Editor;
  before(async () => {
    editor = await Editor.open({ workspace: null, extension: extensionWithBundle(folder), language });
    mkdirSync(join(editor.workspace, '.vscode'));
    const processes = {
      fails: { command: ['sh', '-c', 'exit 3'] },
      missing: { command: ['no-such-command'] },
      long: { command: ['sleep', '1000'], limits: { time: '2s' } },
    };
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }));
    await editor.load();
    await editor.showProcesses();
    await editor.waitForRow('fails', /idle/);
  });
  after(async () => {
    await editor[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it('shows why a process has ended, in the row', async () => {
    await editor.warden('Start', 'fails');
    assert.match(await editor.waitForRow('fails', /exited/), /»exited with code 3«/);
    await editor.warden('Start', 'long');
    assert.match(await editor.waitForRow('long', /time limit/), /»its time limit of [\d.]+ s was reached«/);
  });

  it('says why a process could not be started, and the journal says it in English', async () => {
    await editor.warden('Start', 'missing');
    assert.match(
      await editor.notification(/no-such-command/),
      /^»“missing” could not be started\. »There is no command 'no-such-command' in the PATH \(\d+ folders searched\)\.««$/,
    );
    await editor.screenshot('another language');
    await eventually('the journal has it', () => /"There is no command 'no-such-command' in the PATH/.test(editor.journal));
    assert.doesNotMatch(editor.journal, /»/);
  });
});
