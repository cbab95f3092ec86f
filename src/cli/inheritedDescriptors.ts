/** Descriptors beyond the three that the command line was started with (`3>file`, make's job server): a command has them as a shell's child would. */
import { constants } from 'node:fs';
import { descriptorsOf, linkOf, openFlags } from './procStat.ts';

/** How many are handed on, and up to which number. */
const most = 64;
const highest = 255;
/** Where Node keeps its own. */
const nodesOwn = /^anon_inode:/;
/** Regular files, named pipes and the like: at its start, Node has none of these open. */
const named = /^\/(?!dev\/(null|tty|pts\/|urandom|random))/;

/**
 * To be called before anything is opened. Node marks those it finds up to 16 as closed at exec, so that mark tells nothing: they are known
 * by what cannot be Node's own. It takes the lowest free numbers, so what lies below its first one was there before.
 */
export function inheritedDescriptors(env: NodeJS.ProcessEnv = process.env): number[] {
  const open = descriptorsOf('self').filter((descriptor) => descriptor > 2 && descriptor <= highest && linkOf('self', descriptor) !== '');
  const ownFrom = Math.min(...open.filter((descriptor) => nodesOwn.test(linkOf('self', descriptor))));
  const ofMake = jobServer(env);
  const closesAtExec = 0o2000000;
  return open
    .filter((descriptor) => {
      if (descriptor < ownFrom || ofMake.includes(descriptor)) return true;
      const flags = openFlags(descriptor) ?? closesAtExec;
      return (flags & closesAtExec) === 0 || (named.test(linkOf('self', descriptor)) && (flags & constants.O_DIRECTORY) === 0);
    })
    .filter((descriptor) => descriptor !== channelOf(process))
    .sort((a, b) => a - b)
    .slice(0, most);
}

/** `--jobserver-auth=3,4` of GNU make; `--jobserver-fds` before 4.2. */
function jobServer({ MAKEFLAGS = '' }: NodeJS.ProcessEnv): number[] {
  const [, read, write] = MAKEFLAGS.match(/--jobserver-(?:auth|fds)=(\d+),(\d+)/) ?? [];
  return [read, write].flatMap((text) => (text === undefined ? [] : Number(text)));
}

/** Node's own to a parent that is Node, too. */
function channelOf({ channel }: NodeJS.Process): number | undefined {
  return (channel as { readonly fd?: number } | undefined)?.fd;
}
