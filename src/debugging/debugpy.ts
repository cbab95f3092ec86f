/** Where debugpy, Python's debugger, listens for one that attaches. */
import { parsePort } from '../protocol/ports.ts';
import type { Program } from '../protocol/programs.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const localHost = '127.0.0.1';

/**
 * Undefined where it does not listen. `-m debugpy --listen [HOST:]PORT` says it of the process itself. A program that calls `debugpy.listen()` has an
 * adapter do it, a child that becomes a daemon: `…/debugpy/adapter --for-server PORT --host HOST --port PORT`; of those, `others` may have one.
 *
 * @param others The other members of its tree. An adapter is taken only where it is the only one: it does not say whose it is.
 */
export function debugpyAddress({ argv }: Pick<Program, 'argv'>, others: readonly Pick<Program, 'argv'>[]): Address | undefined {
  const own = isModule(argv) ? addressIn(optionOf(argv, '--listen')) : undefined;
  if (own) return own;
  const adapters = others.flatMap((other) => adapterAddress(other.argv) ?? []);
  return adapters.length === 1 ? adapters[0] : undefined;
}

/** Options of the interpreter itself may stand in front, two of them with a value that may be a word of its own. */
function isModule(argv: readonly string[]): boolean {
  const at = argv.indexOf('-m');
  const isOption = (word: string, index: number): boolean => word.startsWith('-') || /^-[XW]$/.test(argv[index] ?? '');
  return at > 0 && argv[at + 1] === 'debugpy' && argv.slice(1, at).every(isOption);
}

/** Whether it is part of the debugger, and not what is debugged. */
export function isDebugpyAdapter({ argv }: Pick<Program, 'argv'>): boolean {
  return argv.some((word) => /[\\/]debugpy[\\/]adapter(?:[\\/]__main__\.py)?$/.test(word));
}

function adapterAddress(argv: readonly string[]): Address | undefined {
  if (!isDebugpyAdapter({ argv })) return undefined;
  const port = parsePort(optionOf(argv, '--port') ?? '');
  return port === undefined ? undefined : { host: optionOf(argv, '--host') ?? localHost, port };
}

function optionOf(argv: readonly string[], name: string): string | undefined {
  const at = argv.indexOf(name);
  return at < 0 ? undefined : argv[at + 1];
}

function addressIn(text = ''): Address | undefined {
  const [, host = localHost, digits = ''] = text.match(/^(?:\[?(.*?)\]?:)?(\d{1,5})$/) ?? [];
  const port = parsePort(digits);
  if (port === undefined) return undefined;
  return { host: host === '0.0.0.0' || host === '' ? localHost : host === '::' ? '::1' : host, port };
}
