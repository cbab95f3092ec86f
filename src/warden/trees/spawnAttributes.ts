/** The attributes and the environment of every process that is spawned into a tree. */
import { markVariable, type Platform, type SpawnAttributes } from '../../platform/platform.ts';
import { changedEnvironment, memberEnvironment } from '../../protocol/environment.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { limitMarkOf } from '../marks.ts';

/** When memory runs out, a tree dies before the editor; what an editor's own helper processes have is 300. */
const membersOomScore = 400;

/** Of this process, which changes nothing in its environment: to read all of that costs ten times as much as to copy what was read. */
const ownEnvironment = memberEnvironment(process.env);
const outerMark = process.env[markVariable];

export function inheritedAttributes(tree: TreeId): SpawnAttributes {
  return { mark: limitMarkOf(tree), oomScore: membersOomScore };
}

export function environmentFor(
  { ignoresVariableCase }: Pick<Platform, 'ignoresVariableCase'>,
  request: Pick<StartRequest, 'env' | 'stdio'>,
  tree: TreeId,
): Record<string, string> {
  const terminal = request.stdio === 'pty' ? { TERM: 'xterm-256color', COLORTERM: 'truecolor' } : {};
  const mark = { [markVariable]: outerMark ? `${outerMark}:${tree}` : tree };
  return changedEnvironment(ownEnvironment, { ...terminal, ...request.env, ...mark }, ignoresVariableCase);
}
