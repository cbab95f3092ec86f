import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Editor, type EditorSettings } from './editor.ts';
import { eventually } from './run.ts';
import { killIfThere, type Survivor, survivorsAfterLooking } from './survivors.ts';

const extension = fileURLToPath(new URL('../fixtures/driver-extension', import.meta.url));

/** A real VS Code in which an extension opens terminals, runs tasks and debugs as it is told, each of which leaves three processes behind. */
export class DrivenEditor implements AsyncDisposable {
  readonly editor: Editor;
  readonly folder: string;
  readonly #requests: string;

  static async open(settings: Pick<EditorSettings, 'settings' | 'isBare'> = {}): Promise<DrivenEditor> {
    const requests = join(mkdtempSync(join(tmpdir(), 'tw-driver-')), 'request');
    const editor = await Editor.open({ ...settings, workspace: null, extension, env: { DRIVER_FILE: requests } });
    return new DrivenEditor(editor, requests);
  }

  private constructor(editor: Editor, requests: string) {
    this.editor = editor;
    this.folder = editor.workspace;
    this.#requests = requests;
    writeFileSync(join(this.folder, 'idle'), '');
    writeFileSync(join(this.folder, 'program.js'), program(this.folder));
  }

  /** A plain child, one in a session of its own, and a daemon without an environment. */
  get leaving(): string {
    const { folder } = this;
    return `cd ${folder}; tail -f idle & setsid tail -f idle & (env -i setsid /usr/bin/tail -f ${folder}/idle >/dev/null 2>&1 &)`;
  }

  /** Has the extension do something; answers with what came of it. @throws where the extension does not answer within a minute, or it has failed. */
  async drive(action: string, options: object = {}): Promise<unknown> {
    const [request, answer] = [this.#requests, `${this.#requests}.done`];
    rmSync(answer, { force: true });
    writeFileSync(`${request}.new`, JSON.stringify({ action, ...options }));
    renameSync(`${request}.new`, request);
    await eventually(`${action} is done`, () => existsSync(answer), 60_000);
    const { value, error } = JSON.parse(readFileSync(answer, 'utf8')) as { readonly value?: unknown; readonly error?: string };
    assert.equal(error, undefined);
    return value;
  }

  /** Those of {@link leaving}, and of the program. */
  async left(): Promise<Survivor[]> {
    return (await survivorsAfterLooking(this.folder)).filter(({ command }) => /^(?:\/usr\/bin\/)?tail -f/.test(command));
  }

  async running(count = 3): Promise<void> {
    await eventually(`${count} processes run`, async () => (await this.left()).length === count, 30_000);
  }

  async noneIsLeft(): Promise<void> {
    await eventually('nothing is left', async () => (await this.left()).length === 0, 30_000);
  }

  async killLeft(): Promise<void> {
    for (const { pid } of await this.left()) killIfThere(pid, 'SIGKILL');
    await this.noneIsLeft();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killLeft();
    await this.editor[Symbol.asyncDispose]();
    rmSync(join(this.#requests, '..'), { recursive: true });
  }
}

const program = (folder: string): string => `
const { spawn } = require('node:child_process');
spawn('tail', ['-f', '${folder}/idle'], { stdio: 'ignore' });
spawn('tail', ['-f', '${folder}/idle'], { stdio: 'ignore', detached: true });
spawn('/bin/sh', ['-c', 'env -i setsid /usr/bin/tail -f ${folder}/idle >/dev/null 2>&1 &'], { stdio: 'ignore' });
setInterval(() => undefined, 1000);
`;
