/** Which environment variables the editor, the warden and its trees have. */

type Environment = Readonly<Record<string, string | undefined>>;

/** What VS Code sets for itself; its own terminals do not have it either. */
const ofEditor = /^(?:ELECTRON_|VSCODE_(?!PORTABLE$))/;
/** What changes how Node runs a program: meant for the user's programs, never for a guardian. */
const aboutNode = ['NODE_OPTIONS', 'ELECTRON_RUN_AS_NODE'] as const;
/** In front of the names of those while they are kept for the trees. */
const asidePrefix = 'TREE_WARDEN_ASIDE_';
/**
 * What is meant for the command line alone, and no business of what it starts: the key of a gateway or MCP server, and the values of secrets and inputs, which
 * only the processes get that ask for them.
 */
const forCommandLine = /^TREE_WARDEN_(?:TOKEN$|SECRET_|INPUT_)/;

/** What one warden alone can have: a port. */
const ofOneWarden = 'TREE_WARDEN_METRICS_PORT';

/** For what is started out of the editor. */
export function withoutEditor(env: Environment): Record<string, string> {
  return kept(env, (name) => !ofEditor.test(name));
}

/** For a process of ours, run by Node (in VS Code, `execPath` is an Electron that behaves as Node where it is asked to). */
export function wardenEnvironment(env: Environment): Record<string, string> {
  const own = kept(env, (name) => !forCommandLine.test(name) && !isAboutNode(name) && !name.startsWith(asidePrefix));
  for (const name of aboutNode) if (env[name] !== undefined) own[asidePrefix + name] = env[name];
  return { ...own, ELECTRON_RUN_AS_NODE: '1' };
}

/** For a member of a tree, made of the warden's own: as it was before {@link wardenEnvironment}. */
export function memberEnvironment(env: Environment): Record<string, string> {
  const member = kept(
    env,
    (name) => name !== ofOneWarden && !forCommandLine.test(name) && !isAboutNode(name) && !name.startsWith(asidePrefix),
  );
  for (const name of aboutNode) {
    const aside = env[asidePrefix + name];
    if (aside !== undefined) member[name] = aside;
  }
  return member;
}

/** Without the key and the values of secrets; for a tree that is to have this very process's environment. */
export function withoutSecret(env: Environment): Record<string, string> {
  return kept(env, (name) => name !== ofOneWarden && !forCommandLine.test(name));
}

/**
 * With these changes, in their order; null takes a variable away. `ignoresCase`: names that differ in case only are one variable, which keeps the name
 * that it had (`Path` and `PATH` of Windows, whose processes would get both otherwise).
 */
export function changedEnvironment(
  base: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
  ignoresCase: boolean,
): Record<string, string> {
  const env = new Map<string, readonly [string, string]>();
  for (const [name, value] of [...Object.entries(base), ...Object.entries(changes)]) {
    const key = ignoresCase ? name.toUpperCase() : name;
    if (value === null) env.delete(key);
    else env.set(key, [env.get(key)?.[0] ?? name, value]);
  }
  return Object.fromEntries(env.values());
}

function isAboutNode(name: string): boolean {
  return aboutNode.some((one) => one === name);
}

function kept(env: Environment, keep: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && keep(entry[0])));
}
