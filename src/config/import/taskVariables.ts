import type { System } from './foundTask.ts';

/** What only the editor, or the person in front of it, can say. */
const editors =
  /^(?:(?:config|command|input|workspaceFolder|workspaceRoot|relativeFile|file|extensionInstallFolder):.*|(?:file|relativeFile)\w*|workspaceFolderBasename|workspaceRootFolderName|lineNumber|columnNumber|selectedText|execPath|execInstallFolder|defaultBuildTask)$/s;
/** They mean something to us, and nothing to VS Code. */
const ours = /^(?:(?:port|secret):.*|instance)$/s;

/** With our variables for those of VS Code; undefined where there is none for one of them. What a shell understands stays. */
export function translateVariables(text: string, system: System): string | undefined {
  let complete = true;
  const filled = text.replaceAll(/\$\{([^{}]*)\}/g, (whole, name: string) => {
    if (editors.test(name) || ours.test(name)) complete = false;
    return replacementFor(name, system) ?? whole;
  });
  return complete ? filled : undefined;
}

function replacementFor(name: string, system: System): string | undefined {
  switch (name) {
    case 'workspaceRoot':
    case 'cwd':
      return '${workspaceFolder}';
    case 'userHome':
      return system === 'windows' ? '${env:USERPROFILE}' : '${env:HOME}';
    case 'pathSeparator':
    case '/':
      return system === 'windows' ? '\\' : '/';
    default:
      return undefined;
  }
}
