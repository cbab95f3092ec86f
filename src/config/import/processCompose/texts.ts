/**
 * The variables and templates of a file of process-compose. It puts the environment into the text of the file before it reads it, and fills in
 * templates of Go then; here, a variable stays one where our file has variables, and templates are filled in at the import.
 */
import { isNamedSecret } from '../../../command/secretNames.ts';
import { parseEnvFile } from '../../env/envFile.ts';
import { holdsVariable } from '../../variables.ts';
import type { Notes } from './notes.ts';
import { renderTemplate, type TemplateValues } from './template.ts';

/** Stands for the number of the replica in what templates make, until it is known who reads the text. */
export const replicaNumber = '\uE000';

export interface TextContext {
  /** `disable_env_expansion` of the file is false. */
  readonly expands: boolean;
  /** What the file `.env` sets. */
  readonly dotenv: ReadonlyMap<string, string>;
  readonly vars: TemplateValues;
  readonly notes: Notes;
}

export function dotenvValues(text: string | undefined): ReadonlyMap<string, string> {
  if (text === undefined) return new Map();
  try {
    return parseEnvFile(text, () => undefined);
  } catch {
    return new Map(); // The start of a process says what is wrong with it, and where.
  }
}

/** For a text that no shell reads: undefined where it cannot be said, which is noted. */
export function valueText(value: unknown, key: string, context: TextContext): string | undefined {
  const template = asText(value);
  if (template === undefined) return undefined;
  const text = renderTemplate(template, key, context);
  if (text === undefined) return undefined;
  if (!context.expands) return withInstance(literal(text, key, context));
  let isPlain = true;
  const replaced = text.replaceAll(/\$\$|\$\{(\w+)\}|\$([A-Za-z_]\w*)|\$\{/g, (whole, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    const value = name === undefined ? '$' : valueIn(name, key, context);
    if (whole === '${')
      context.notes.leave(key, `the expansion in ${JSON.stringify(text)} is one of a shell, which does not read this value`);
    if (whole === '${' || value === undefined) isPlain = false;
    return value ?? '';
  });
  return isPlain ? withInstance(replaced) : undefined;
}

function withInstance(text: string | undefined): string | undefined {
  return text?.replaceAll(replicaNumber, '${instance}');
}

/** The largest number that is taken over: seconds, megabytes, or a count. */
const maxNumber = 1_000_000;

/** A whole number from 0 up, also one that a variable of `.env` has; undefined where there is none, which is noted where something else is written. */
export function numberOf(value: unknown, key: string, context: TextContext): number | undefined {
  if (value === undefined || value === null) return undefined;
  const [, braced, bare] = (typeof value === 'string' && value.trim().match(/^\$(?:\{(\w+)\}|(\w+))$/)) || [];
  const name = braced ?? bare;
  const written = name === undefined ? value : context.expands ? context.dotenv.get(name) : undefined;
  const text = typeof written === 'number' || typeof written === 'string' ? String(written).trim() : '';
  const number = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= maxNumber) {
    if (name !== undefined) context.notes.leave(key, `${number}, which .env has now, is written down`);
    return number;
  }
  context.notes.leave(key, `${JSON.stringify(value)} is no whole number up to ${maxNumber}`);
  return undefined;
}

/** For a line that a shell reads, which knows the variables of its environment itself; undefined where it cannot be said, which is noted. */
export function shellText(value: unknown, key: string, context: TextContext, isTemplate = true): string | undefined {
  const written = asText(value);
  const text = written === undefined || !isTemplate ? written : renderTemplate(written, key, context);
  if (text === undefined) return undefined;
  const line = expandedLine(text.replaceAll(replicaNumber, '${PC_REPLICA_NUM}'), context);
  if (!holdsForeignVariable(line)) return line;
  context.notes.leave(key, 'it has text in it that is a variable of processes.json');
  return undefined;
}

/** `$$` is a `$` there. Within single quotes no shell expands anything, and so process-compose does it before. */
function expandedLine(text: string, context: TextContext): string {
  let quote = '';
  let result = '';
  const parts = text.matchAll(/\\[\s\S]|'|"|\$\$|\$\{(\w+)\}|\$([A-Za-z_]\w*)|[\s\S]/g);
  for (const [part, braced, bare] of parts) {
    const name = braced ?? bare;
    if (part === "'" && quote !== '"') quote = quote === "'" ? '' : "'";
    else if (part === '"' && quote !== "'") quote = quote === '"' ? '' : '"';
    if (part === '$$' && context.expands) result += '$';
    else if (name === undefined) result += part;
    else if (quote === "'" && (context.expands || name === 'PC_REPLICA_NUM')) result += `'"\${${name}}"'`;
    // A shell's own form of it, where processes.json has a variable of this name.
    else result += holdsVariable(part) ? `\${${name}:-}` : part;
  }
  return result;
}

/** A variable of ours that is not one of the environment, or an expansion of bash that looks like one. */
function holdsForeignVariable(line: string): boolean {
  return holdsVariable(line.replaceAll(/\$\{env:[A-Za-z_]\w*\}/g, ''));
}

/** Undefined where it should not be written into a file that a team shares. */
function valueIn(name: string, key: string, { dotenv, notes }: TextContext): string | undefined {
  const value = dotenv.get(name);
  if (value === undefined) return `\${env:${name}}`;
  const isSecret = isNamedSecret(`--${name}`, value);
  notes.leave(
    key,
    isSecret ? `$${name} of .env is a secret, which is not written down` : `the value that .env has of $${name} now is written down`,
  );
  return isSecret ? undefined : value;
}

function literal(text: string, key: string, { notes }: TextContext): string | undefined {
  if (!holdsVariable(text)) return text;
  notes.leave(key, 'it has text in it that is a variable of processes.json');
  return undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
