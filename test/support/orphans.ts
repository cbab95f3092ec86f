import { execFileSync } from 'node:child_process';

interface Where {
  readonly cwd: string;
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** User that it belongs to; the one of this process where absent. */
  readonly uid?: number;
}

/** Starts a program in a session of its own, has what started it end, and gives the program's pid. */
export function plantOrphan(argv: readonly string[], { cwd, env, uid }: Where): number {
  const script = `const { spawn } = require('node:child_process');
    const [uid, program, ...args] = process.argv.slice(1);
    const child = spawn(program, args, { detached: true, stdio: 'ignore', ...(uid !== '' && { uid: Number(uid) }) });
    console.log(child.pid); child.unref();`;
  return Number(
    execFileSync(process.execPath, ['-e', script, String(uid ?? ''), ...argv], { cwd, env: withoutMarks(env), encoding: 'utf8' }),
  );
}

/** The tests may be run from a terminal of an editor or by an agent, whose marks they would have; those that a test sets name no such window. */
function withoutMarks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isInherited = (name: string): boolean =>
    /^(?:VSCODE_|TREE_WARDEN_TREE$|npm_|CLAUDE|CODEX|CURSOR|GEMINI|GOOSE|OPENCODE|AI_AGENT|AGENT$)/.test(name) &&
    env[name] === process.env[name];
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isInherited(name)));
}
