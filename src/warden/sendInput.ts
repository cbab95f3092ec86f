import type { StdioMode } from '../protocol/startRequest.ts';
import { localizable, type Text } from '../protocol/texts.ts';
import { RequestError } from './requestError.ts';
import type { Tree } from './trees/tree.ts';

/** @throws RequestError where the process has neither terminal nor pipe by which it could take it, or has ended. */
export function sendInput(tree: Pick<Tree, 'request' | 'ended' | 'link'>, data: Buffer): void {
  const { name, stdio } = tree.request;
  if (tree.ended) throw new RequestError('notPossible', localizable('inputOfEnded', name));
  if (!tree.link?.takesInput) throw new RequestError('notPossible', localizable('takesNoInput', name, why[stdio]));
  tree.link.write(data);
}

/** Why a process with this stdio may take no input, as a clause. */
const why: Readonly<Record<StdioMode, Text>> = {
  pty: localizable('terminalClosed'),
  pipes: localizable('stdinClosed'),
  inherit: localizable('stdinInherited'),
  file: localizable('stdinEmpty'),
  raw: localizable('stdinOfClient'),
};
