/** The keys of a model that a server elsewhere answers for, and which keys go together. */
import * as z from 'zod';
import { isLoopback } from '../loopback/hostName.ts';
import { budgetPeriods, remoteApis } from '../protocol/remoteModels.ts';
import { count, duration, text } from './values.ts';
import { holdsVariable } from './variables.ts';

/** A key in the file would be in its history, and in every copy of it. */
export const keyReference = text.regex(
  /^\$\{(?:secret:[A-Za-z_][\w.-]*|env:[^{}]+)\}$/,
  'must be ${secret:NAME} or ${env:NAME}: a key must not be in the file itself',
);

const budgetSchema = z
  .strictObject({
    requests: count().optional().describe('Maximum number of requests.'),
    tokens: count().optional().describe('Maximum number of tokens, of requests and answers together.'),
    per: z.enum(budgetPeriods, `must be ${budgetPeriods.join(' or ')}`).describe('"day" or "month", of UTC.'),
  })
  .refine(({ requests, tokens }) => requests !== undefined || tokens !== undefined, 'must have requests, tokens or both')
  .describe('What may be spent on a remote model. Over it, requests get status 429, or go to the fallback.');

export const remoteShape = {
  url: text
    .optional()
    .describe(
      'For the remote runtime: the base address of the API, as OpenAI’s clients want it: "https://api.example.com/v1". https, or http to this machine.',
    ),
  key: keyReference.optional().describe('For the remote runtime: its API key, as ${secret:NAME} or ${env:NAME}.'),
  api: z
    .enum(remoteApis, `must be ${remoteApis.join(' or ')}`)
    .optional()
    .describe(
      'For the remote runtime: how the key is sent. "openai": Authorization: Bearer; "anthropic": x-api-key with anthropic-version. Default: "openai".',
    ),
  timeout: duration(1)
    .optional()
    .describe('For the remote runtime: maximum time until an answer begins, and between two pieces of it. Default: "10m".'),
  allowHttp: z
    .boolean()
    .optional()
    .describe('For the remote runtime: allow http to other machines. Key, prompts and answers can be read on the way then.'),
  budget: budgetSchema.optional(),
};

/** Those that say something of processes, or of several servers. */
const ofProcesses = [
  ...['command', 'args', 'instances', 'ttl', 'exclusive', 'gpus', 'affinity', 'loadTimeout', 'progress', 'ready', 'alive', 'cwd', 'env'],
  ...['envFile', 'memory', 'gpuMemory', 'pin', 'rank', 'onSwap', 'stop', 'containment', 'limits', 'priority', 'runner'],
];

interface Problem {
  readonly path: string[];
  readonly message: string;
}

/** What is wrong with the keys of a model, as far as its runtime is concerned. */
export function remoteProblems(spec: Readonly<Record<string, unknown>>): Problem[] {
  const isThere = (key: string): boolean => spec[key] !== undefined;
  if (spec['runtime'] !== 'remote')
    return Object.keys(remoteShape)
      .filter(isThere)
      .map((key) => ({ path: [key], message: 'belongs to the runtime "remote"' }));
  const misplaced = ofProcesses
    .filter(isThere)
    .map((key) => ({ path: [key], message: 'cannot be set for the runtime "remote", which starts no processes' }));
  const { url, model, allowHttp } = spec;
  const missing = [
    ...(url === undefined ? ['must have a url, because its runtime is remote'] : []),
    ...(model === undefined ? ['must have a model: the name that the remote server knows'] : []),
  ].map((message) => ({ path: [], message }));
  const problem = typeof url === 'string' && !holdsVariable(url) ? urlProblem(url, allowHttp === true) : undefined;
  return [...misplaced, ...missing, ...(problem === undefined ? [] : [{ path: ['url'], message: problem }])];
}

/** Why it cannot be the base address of an API, as a clause; undefined where it can. What it has in it is not quoted: it may be a key. */
export function urlProblem(written: string, allowHttp: boolean): string | undefined {
  if (!URL.canParse(written)) return 'must be an address such as "https://api.example.com/v1"';
  const { protocol, hostname, pathname, username, password, search, hash } = new URL(written);
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https://';
  if (username !== '' || password !== '') return 'must not have a user or a password in it; use key';
  if (search !== '' || hash !== '') return 'must end with its path: a query or a fragment cannot be part of it';
  const api = /\/(?:chat\/completions|completions|embeddings|messages|responses)\/?$/.exec(pathname)?.[0];
  if (api !== undefined) return `must be the base address, without '${api}' at its end`;
  if (protocol === 'http:' && !allowHttp && !isLoopback(hostname))
    return 'must begin with https://, or the key and all prompts could be read on the way; "allowHttp": true allows it';
  return undefined;
}
