/** The shell lines that run on a node: they find Node.js and this program there, for any POSIX shell. */
import { leasePrefix } from '../protocol/runnerVariables.ts';

/** Where this program is on the other side: where it is here, which a shared file system has as well, or where it was brought. */
export interface NodePlaces {
  /** A Node.js that may be there. */
  readonly node: string;
  /** Folder of the bundles here. */
  readonly bundles: string;
  /** Name of the folder that it is brought to, below the user's cache. */
  readonly staged: string;
}

/** Status of a script that has found no Node.js of a known version. */
export const noNode = 90;
/** Status of a script that has not found this program. */
export const noProgram = 91;

/** In single quotes, for any shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Read the same between single quotes by every shell: POSIX's, fish, csh and nushell differ in what a quote, a backslash, a newline or a ! is there. */
const plain = /[\w +,./:;<=>@&|()[\]{}#*?~^-]/;

/**
 * A command line of this script for the shell of the user on a node, whichever it is. A backslash before a digit is one for each of them; printf(1) of /bin/sh makes the
 * character of it.
 */
export function forLoginShell(script: string): string {
  const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
  const encoded = [...Buffer.from(script)].map((byte) => (plain.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : octal(byte)));
  return `exec /bin/sh -c 'eval "$(printf "${encoded.join('')}")"'`;
}

const stagedFolder = (staged: string): string => `\${XDG_CACHE_HOME:-$HOME/.cache}/tree-warden/${staged}`;

function preamble({ node, bundles, staged }: NodePlaces): string[] {
  return [
    'export ELECTRON_RUN_AS_NODE=1; unset NODE_OPTIONS',
    `n=; for c in ${quoted(node)} node nodejs; do if "$c" -e 'process.exit(+(parseInt(process.versions.node) < 20))' >/dev/null 2>&1 </dev/null; then n=$c; break; fi; done`,
    `if [ -z "$n" ]; then echo "it has no Node.js 20 or newer in the PATH of a shell without a terminal ($PATH); install one, or add its folder to that PATH" >&2; exit ${noNode}; fi`,
    `d=; for c in ${quoted(bundles)} "${stagedFolder(staged)}/dist"; do if [ -r "$c/remote.js" ] && [ -r "$c/warden.js" ]; then d=$c; break; fi; done`,
  ];
}

const programThere = `[ -n "$d" ] || exit ${noProgram}`;

/** The time that a copy may take over a slow network, in seconds. */
export const copySeconds = 600;

/** Becomes the warden of a lease. It waits for the program to be brought: for as long as the lease is, and while it is being copied. */
export function wardenScript(places: NodePlaces, lease: string, leaseMillis: number): string {
  const seconds = Math.ceil(leaseMillis / 1000);
  const find = preamble(places);
  return [
    '#!/bin/sh',
    ...find,
    `i=0; while [ -z "$d" ] && { [ "$i" -lt ${seconds} ] || { [ "$i" -lt ${seconds + copySeconds} ] && ls -d "${stagedFolder(places.staged)}".* >/dev/null 2>&1; }; }; do sleep 1; i=$((i+1)); ${find.at(-1)}; done`,
    programThere,
    `exec "$n" --max-semi-space-size=2 "$d/warden.js" serve --workspace ${quoted(`lease ${lease.slice(0, 8)}`)} --window ${quoted(leasePrefix + lease)} --log-folder "\${XDG_STATE_HOME:-$HOME/.local/state}/tree-warden/logs" --lease ${seconds}s </dev/null`,
  ].join('\n');
}

/** Becomes this program's `attach`, `attach-again` or `end-here`. */
export function nodeScript(places: NodePlaces, command: 'attach' | 'attach-again' | 'end-here', lease: string): string {
  return [...preamble(places), programThere, `exec "$n" "$d/remote.js" ${command} ${quoted(lease)}`].join('\n');
}

/** Unpacks a tar from stdin to where the program is looked for; in one step, because others may do the same. */
export function stageScript({ staged }: NodePlaces): string {
  const folder = stagedFolder(staged);
  return `set -e; t="${folder}.$$"; mkdir -p "$t"; tar xzf - -C "$t"; mv -T "$t" "${folder}" 2>/dev/null || :; [ -r "${folder}/dist/remote.js" ]`;
}
