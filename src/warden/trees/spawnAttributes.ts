/** The attributes and the environment of every process that is spawned into a tree. */
import { markVariable, type Platform, type SpawnAttributes } from '../../platform/platform.ts';
import { changedEnvironment, memberEnvironment } from '../../protocol/environment.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { limitMarkOf } from '../marks.ts';

/** When memory runs out, a tree dies before the editor; what an editor's own helper processes have is 300. */
const membersOomScore = 400;

export function inheritedAttributes(tree: TreeId): SpawnAttributes {
  return { mark: limitMarkOf(tree), oomScore: membersOomScore };
}

export function environmentFor(
  { ignoresVariableCase }: Pick<Platform, 'ignoresVariableCase'>,
  request: Pick<StartRequest, 'env' | 'stdio'>,
  tree: TreeId,
): Record<string, string> {
  const terminal = request.stdio === 'pty' ? { TERM: 'xterm-256color', COLORTERM: 'truecolor' } : {};
  const outer = process.env[markVariable];
  const mark = { [markVariable]: outer ? `${outer}:${tree}` : tree };
  return [terminal, request.env, mark].reduce<Record<string, string>>(
    (env, changes) => changedEnvironment(env, changes, ignoresVariableCase),
    changedEnvironment(memberEnvironment(process.env), {}, ignoresVariableCase),
  );
}
