/** The reference of the command line, from the commands themselves. */
import type { Command } from 'commander';

// The command line is a CommonJS bundle, where this is defined; unbundled modules need a value when they are loaded.
Object.defineProperty(globalThis, '__dirname', { value: import.meta.dirname, configurable: true });
const { buildProgram } = await import('../../cli/program.ts');

/** Width of the help in characters, whatever terminal the generator runs in. */
const helpWidth = 110;

export function commandLineSections(): Map<string, string> {
  const program = buildProgram(() => {});
  const overview = helpOf(program);
  const commands = program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help');
  return new Map([
    ['overview', fenced(overview)],
    ['commands', commands.map((command) => `## tree-warden ${command.name()}\n\n${fenced(helpOf(command))}`).join('\n')],
  ]);
}

/** All that `--help` prints, with the texts before and after the list of options. */
function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
    getOutHelpWidth: () => helpWidth,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return help;
}

function fenced(text: string): string {
  return `\`\`\`\n${text.trimEnd()}\n\`\`\`\n`;
}
