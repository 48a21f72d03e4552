/** Real AWS clients, each a program beside this file: how they are built and run. See README.md. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runProgram } from '../world/program.ts';
import { region, type EnvironmentChange, type World } from '../world/world.ts';

export interface AwsClient {
  readonly name: string;
  /** The program and its first arguments. */
  readonly command: readonly [string, ...string[]];
  /**
   * Whether it takes `credential_process = "PATH" ARGUMENTS` for that. AWS's Go SDKs from before November 2023 take
   * what is between the quotes for the whole value, and run the program without arguments.
   */
  readonly readsQuotes: boolean;
}

/** An answer to `resolve`. */
export interface Resolved {
  readonly profile?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  readonly error?: string;
}

/** An answer to `call`. */
export interface Called {
  readonly arn?: string;
  /** Null or absent where the client does not tell it. */
  readonly requestId?: string | null;
  readonly error?: string;
  /** What the call took, milliseconds. */
  readonly ms: number;
}

export interface CallOptions {
  /** Added to the world's environment: AWS_PROFILE, or the container endpoint's variables. */
  readonly env: EnvironmentChange;
  /** Call again and again; once where this is missing. */
  readonly repeat?: { readonly everyMs: number; readonly seconds: number };
  /** A command that runs the client: its words before the client's own. */
  readonly through?: readonly [string, ...string[]];
}

/** A client that waits this long for credentials hangs, milliseconds: Go's gives up after a minute, the others never. */
export const hangsMs = 45_000;

const here = import.meta.dirname;
const goProgram = '/usr/bin/go';

/** In order of a test's output. */
const installed = {
  'AWS CLI': ['/usr/bin/aws'],
  boto3: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/boto3/__init__.py'],
  'AWS SDK for Go': [goProgram, '/usr/share/gocode/src/github.com/aws/aws-sdk-go-v2/go.mod'],
} as const;

/** What the Go compiler keeps between test files and runs: of this checkout, not the user's. */
const goCache = resolve('node_modules/.cache/aws-clients/go');

/**
 * All of them, the one in Go built (4 s the first time, the Go SDK with it, then 0.5 s).
 * @param folder where that is put.
 * @throws Error where a client is missing, or what the Go compiler said.
 */
export async function awsClients(folder: string): Promise<AwsClient[]> {
  for (const [name, paths] of Object.entries(installed)) {
    const missing = paths.find((path) => !existsSync(path));
    if (missing !== undefined) throw new Error(`${name} is not installed: ${missing} is missing.`);
  }
  const node = (program: string): [string, string] => [process.execPath, join(here, program)];
  return [
    { name: 'AWS CLI', command: node('aws-cli.mjs'), readsQuotes: true },
    { name: 'boto3', command: ['/usr/bin/python3', join(here, 'boto3-client.py')], readsQuotes: true },
    { name: 'AWS SDK for JavaScript', command: node('js-client.mjs'), readsQuotes: true },
    { name: 'AWS SDK for Go', command: [await buildGoClient(folder)], readsQuotes: false },
  ];
}

/** Debian's packages are sources below a GOPATH: nothing is fetched. */
async function buildGoClient(folder: string): Promise<string> {
  const program = join(folder, 'go-client');
  const { code, stderr } = await runProgram(goProgram, ['build', '-o', program, 'main.go'], {
    cwd: join(here, 'go-client'),
    env: {
      PATH: '/usr/bin:/bin',
      HOME: folder,
      GO111MODULE: 'off',
      GOPATH: '/usr/share/gocode',
      GOCACHE: goCache,
    },
    timeoutMs: 120_000,
  });
  if (code !== 0) throw new Error(`The client in Go could not be built: ${stderr}`);
  return program;
}

/**
 * STS GetCallerIdentity of the world's server as the user of that world.
 * @throws Error where the client ends otherwise than by itself, with what it said.
 */
export async function callAws(
  world: World,
  client: AwsClient,
  { env, repeat, through }: CallOptions,
): Promise<Called[]> {
  const times = repeat === undefined ? [] : [String(repeat.everyMs), String(repeat.seconds)];
  const words = [...(through ?? []), ...client.command, 'call', ...times];
  return (await answers(world, client, { words, env, seconds: repeat?.seconds ?? 0 })) as Called[];
}

/** The credentials of each profile; of the environment where there is none. @throws as {@link callAws}. */
export async function resolveCredentials(
  world: World,
  client: AwsClient,
  profiles: readonly string[],
  env: EnvironmentChange = {},
): Promise<Resolved[]> {
  const words = [...client.command, 'resolve', ...profiles];
  return (await answers(world, client, { words, env, seconds: 0 })) as Resolved[];
}

interface Run {
  readonly words: readonly string[];
  readonly env: EnvironmentChange;
  /** What it takes at least. */
  readonly seconds: number;
}

async function answers(world: World, client: AwsClient, { words, env, seconds }: Run): Promise<unknown[]> {
  const [program = '', ...args] = words;
  const { code, stdout, stderr } = await world.run(program, args, {
    env: {
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region, // boto3 and the AWS CLI know only this one
      AWS_ENDPOINT_URL_STS: world.server.url,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
      ...env,
    },
    timeoutMs: seconds * 1000 + 60_000,
  });
  if (code !== 0) throw new Error(`${client.name} ended with ${String(code)}: ${stderr}`);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}
