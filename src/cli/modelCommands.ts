/** The commands for models, and their help. */
import type { Command } from 'commander';
import { CompletedArgument } from './completion/completed.ts';
import { several } from './several.ts';

/** Makes an action of what a command does, which answers with an exit status. */
export type Act = <Args extends unknown[]>(work: (...args: Args) => Promise<number>) => (...args: Args) => Promise<void>;

export function addModelCommands(program: Command, act: Act): void {
  program
    .command('gateway')
    .description('serve the models that .vscode/processes.json declares at one address, without an editor')
    .addArgument(new CompletedArgument('models', '[names...]', 'names to start; all by default'))
    .option('-p, --port <number>', 'port on 127.0.0.1; 0 picks a free one', '0')
    .option('--json', 'print address and token as one line of JSON')
    .option(
      '--allow-origin <origin>',
      'allow web pages of this origin to call the models (CORS), for example app://obsidian.md; repeatable',
      several,
    )
    .addHelpText('after', '\nSet TREE_WARDEN_TOKEN to choose the token.')
    .action(act(async (names: string[], options) => (await import('./gateway.ts')).gateway(names, options)));
  program
    .command('models')
    .description('list your models, in all windows and terminals')
    .option('--json', 'print JSON')
    .action(act(async (options) => (await import('./models.ts')).models(options)));
  program
    .command('requests')
    .description('list what models were asked lately: by which client, how long it took, tokens and result; nothing of what was said')
    .addArgument(new CompletedArgument('models', '[models...]', 'models or variants; all by default'))
    .option('-n, --lines <count>', 'number of the newest ones; 0: all that are remembered', '50')
    .option('-f, --follow', 'print each as its answer ends')
    .option('--json', 'print JSON; with --follow, one line for each')
    .action(act(async (names: string[], options) => (await import('./requests.ts')).requests(names, options)));
  program
    .command('pull')
    .description('download a model that .vscode/processes.json declares, before it is loaded')
    .addArgument(new CompletedArgument('models', '<model>'))
    .addHelpText(
      'after',
      '\nIt is downloaded by its own runtime: by Ollama, by llama download, or by hf download (vLLM, SGLang, MLX). A download that was interrupted goes on where it was.',
    )
    .action(act(async (model: string) => (await import('./pull.ts')).pull(model)));
  program
    .command('load')
    .description('load a model, and wait until it is ready')
    .addArgument(new CompletedArgument('models', '<model>'))
    .option('-i, --instances <count>', 'number of servers')
    .option('--json', 'print JSON')
    .action(act(async (model: string, options) => (await import('./models.ts')).load(model, options)));
  program
    .command('unload')
    .description('unload models after their current requests, and wait until their processes have ended')
    .addArgument(new CompletedArgument('models', '<models...>'))
    .option('--now', 'cancel the current requests')
    .option('--json', 'print JSON')
    .action(act(async (names: string[], options) => (await import('./models.ts')).unload(names, options)));
  program
    .command('chat')
    .description('send a prompt to a model and stream its answer')
    .addArgument(new CompletedArgument('models', '<model>'))
    .argument('<prompt...>')
    .action(act(async (model: string, words: string[]) => (await import('./chat.ts')).chat(model, words.join(' '))));
}
