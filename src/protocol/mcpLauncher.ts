/** The launcher's place below the folder of Tree Warden's state; what leads there is recognised as our own. */
export const launcherSegments = ['tree-warden', 'bin', 'guard-mcp'] as const;

/** Whether a command is a launcher of Tree Warden's, of this user or of another. */
export function isLauncher(command: string): boolean {
  const segments = command.split(/[\\/]/);
  return launcherSegments.every((segment, index) => segments.at(index - launcherSegments.length) === segment);
}
