/** Secrets that processes have in their environment, and keys of models: kept where VS Code keeps those of extensions, for each workspace folder. */
import * as vscode from 'vscode';
import { valueProblem } from '../../protocol/startVariables.ts';
import { askText, pickOne, tellBriefly, tellInfo } from '../tell.ts';
import type { DeclaredModel, DeclaredProcess, WorkspaceSpecs } from '../workspaceSpecs.ts';

type Folder = Pick<vscode.WorkspaceFolder, 'uri' | 'name'>;

interface KnownSecret {
  readonly folder: Folder;
  readonly name: string;
  readonly isSet: boolean;
}

const namesKey = 'secretNames';
/** Begins the keys of all of them in the storage. */
const keyPrefix = 'secret ';
/** How long a message stays in the status bar, in milliseconds. */
const briefMillis = 5000;

export interface SecretParts {
  readonly specs: Pick<WorkspaceSpecs, 'declared' | 'models' | 'clientKeys'>;
  readonly storage: vscode.SecretStorage;
  /** Has the names of what is kept, so that a secret can be deleted that no file names any more. */
  readonly memory: vscode.Memento;
}

export class Secrets {
  readonly #parts: SecretParts;

  constructor(parts: SecretParts) {
    this.#parts = parts;
  }

  /** Hears that one was set or deleted. */
  onDidChange(listener: () => void): vscode.Disposable {
    return this.#parts.storage.onDidChange(({ key }) => key.startsWith(keyPrefix) && listener());
  }

  async valueOf(folder: Folder, name: string): Promise<string | undefined> {
    return await this.#parts.storage.get(keyOf(folder, name));
  }

  /** Asks for it, and keeps it; undefined where the question was dismissed. */
  async ask(folder: Folder, name: string): Promise<string | undefined> {
    const value = await askText({
      title: vscode.l10n.t('Set Secret {0}', name),
      prompt: vscode.l10n.t(
        'It is kept in the secret storage of VS Code, for the folder {0}, and given to its processes as a variable.',
        folder.name,
      ),
      password: true,
      ignoreFocusOut: true,
      validateInput: (written) => (written === '' ? vscode.l10n.t('A secret cannot be empty.') : valueProblem(written)),
    });
    if (value === undefined || value === '') return undefined;
    await this.#parts.storage.store(keyOf(folder, name), value);
    await this.#parts.memory.update(namesKey, [...new Set([...this.#kept, keyOf(folder, name)])]);
    return value;
  }

  /** From the palette. */
  async set(): Promise<void> {
    const chosen = await this.#pick(await this.#known(), vscode.l10n.t('Select the secret to set'));
    if (chosen && (await this.ask(chosen.folder, chosen.name)) !== undefined)
      tellBriefly(vscode.l10n.t('The secret {0} counts for processes that are started from now on.', chosen.name), briefMillis);
  }

  /** From the palette. */
  async delete(): Promise<void> {
    const set = (await this.#known()).filter(({ isSet }) => isSet);
    const chosen = await this.#pick(set, vscode.l10n.t('Select the secret to delete'));
    if (chosen === undefined) return;
    const key = keyOf(chosen.folder, chosen.name);
    await this.#parts.storage.delete(key);
    await this.#parts.memory.update(
      namesKey,
      this.#kept.filter((one) => one !== key),
    );
    tellBriefly(vscode.l10n.t('The secret {0} was deleted. Processes that run keep it until they end.', chosen.name), briefMillis);
  }

  async #pick(known: readonly KnownSecret[], placeHolder: string): Promise<KnownSecret | undefined> {
    if (known.length === 0) {
      void tellInfo(
        vscode.l10n.t(
          'There is none. A process asks for a secret where {0} stands in its "env", and a model in its "key".',
          '${secret:NAME}',
        ),
      );
      return undefined;
    }
    const items = known.map((secret) => ({
      label: secret.name,
      description: [secret.folder.name, secret.isSet ? vscode.l10n.t('set') : vscode.l10n.t('not set')].join(', '),
      secret,
    }));
    return (await pickOne(items, { placeHolder, ignoreFocusOut: true }))?.secret;
  }

  /** Those that files name, and those that are kept. */
  async #known(): Promise<KnownSecret[]> {
    const found = new Map<string, Omit<KnownSecret, 'isSet'>>();
    for (const { spec, folder } of this.#parts.specs.declared)
      for (const name of secretsIn(spec)) found.set(keyOf(folder, name), { folder, name });
    for (const { spec, folder } of this.#parts.specs.models)
      for (const name of secretsInModel(spec)) found.set(keyOf(folder, name), { folder, name });
    for (const { folder, keys } of this.#parts.specs.clientKeys)
      for (const name of Object.values(keys).flatMap(secretsInModel)) found.set(keyOf(folder, name), { folder, name });
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      const start = keyOf(folder, '');
      for (const key of this.#kept) if (key.startsWith(start)) found.set(key, { folder, name: key.slice(start.length) });
    }
    return await Promise.all(
      Array.from(found.values(), async (one) => ({ ...one, isSet: (await this.valueOf(one.folder, one.name)) !== undefined })),
    );
  }

  get #kept(): readonly string[] {
    return this.#parts.memory.get<readonly string[]>(namesKey, []);
  }
}

/** A workspace cannot ask for a secret of another one. */
function keyOf({ uri }: Folder, name: string): string {
  return `${keyPrefix}${uri.toString()} ${name}`;
}

/** Names of the secrets in the environment of a process, each once. */
export function secretsIn({ env = {}, shared = {} }: Pick<DeclaredProcess['spec'], 'env' | 'shared'>): string[] {
  const values = [...Object.values(env), ...Object.values(shared.env ?? {})].filter((value) => value !== null);
  return [...new Set(values.flatMap(secretsInText))];
}

/** Names of the secrets in the key of a model, or of a client. */
export function secretsInModel({ key = '' }: Pick<DeclaredModel['spec'], 'key'>): string[] {
  return secretsInText(key);
}

function secretsInText(text: string): string[] {
  return Array.from(text.matchAll(/\$\{secret:([^{}]+)\}/g), ([, name = '']) => name);
}
