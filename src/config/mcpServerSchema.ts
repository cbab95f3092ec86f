/** The schema of an MCP server in processes.json: a program that the editor starts for its agents, and that is guarded. */
import * as z from 'zod';
import { processSpecSchema } from './processSchema.ts';
import { command } from './values.ts';

const { cwd, env, envFile, limits } = processSpecSchema.shape;

export const mcpServerSchema = z
  .strictObject({
    command: command.meta({
      description: 'The command of the server, which speaks the Model Context Protocol on its standard input and output.',
      examples: [['npx', '-y', '@modelcontextprotocol/server-everything']],
    }),
    cwd,
    env,
    envFile,
    limits,
    onLimit: z
      .enum(['warn', 'stop', 'kill'])
      .optional()
      .describe('What happens when a limit is reached. Default: kill for memory and processes, stop for time, warn for CPU.'),
  })
  .describe('An MCP server, together with all of its descendants: none outlives the client that started it.');

export type McpServerSpec = z.output<typeof mcpServerSchema>;
