import { Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../errors';
import { DEFAULT_PREFIX } from '../schedule/definition';
import { parseInterval } from '../schedule/interval';
import { DEFAULT_COUNT, readCount as readSlots } from '../schedule/next-slots';
import { version } from '../scripts/generated';
import { DEFAULT_LAST, readPauseOptions } from '../settings';
import { check } from './check';
import { demand } from './demand';
import { doctor } from './doctor';
import { Failure } from './failure';
import { fire } from './fire';
import { fleet } from './fleet';
import { forget } from './forget';
import { history, historyOfRun } from './history';
import { list } from './list';
import { next } from './next';
import { printText } from './output';
import { pause } from './pause';
import { resume } from './resume';
import { type Asked, withSession } from './session';
import { timeToCome } from './time';
import { watch } from './watch';
import type { WebFlags } from './web';

const AFTER_HELP = `
Exit status: 0: success; 1: the awaited run failed, check or doctor found a
fault, or Redis cannot be reached; 2: wrong usage, or an unknown job.

The command does not join the fleet: it runs no jobs, and leaves no data of its
own in Redis.`;

/**
 * The commands and their options.
 *
 * @param exit called with the exit status of the command that ran
 */
export function makeProgram(exit: (status: number) => void): Command {
  const program = new Command('bossman')
    .description(
      'Inspect and control a fleet of bossman: what is scheduled, what ran, what failed, and where.',
    )
    .option('--url <url>', 'the Redis server (default: REDIS_URL, else redis://localhost:6379)')
    .option('--cluster', 'the server is a Redis Cluster')
    .option('--ca <file>', 'a PEM file of additional certificates to trust, for rediss://')
    .option('--prefix <prefix>', 'the prefix of the fleet', DEFAULT_PREFIX)
    .option('--json', 'print JSON, for scripts')
    .version(version, '-v, --version')
    .configureOutput({
      writeOut: (text) => printText(text, 'stdout'),
      writeErr: (text) => printText(text, 'stderr'),
      outputError: (text, write) => write(text.replace(/^error: /, 'bossman: ')),
    })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', AFTER_HELP)
    .exitOverride();

  program
    .command('list')
    .description('show all jobs: state, next slot, last run')
    .action(async (_, command: Command) => exit(await withSession(askedOf(command), list)));
  program
    .command('watch')
    .description('show all jobs, updated once a second; q quits')
    .action(async (_, command: Command) => exit(await watch(askedOf(command))));
  program
    .command('history')
    .description('show the last runs of a job, latest first')
    .argument('<name>', 'the job')
    .option('--last <count>', 'number of runs', readCount, DEFAULT_LAST)
    .addOption(
      new Option(
        '--run <number>',
        'show one run in full, with the stack and causes of its error; 1 is the latest',
      )
        .argParser(readCount)
        .conflicts('last'),
    )
    .action(async (name: string, { last, run }: { last: number; run?: number }, command: Command) =>
      exit(
        await withSession(askedOf(command), (session) =>
          run === undefined ? history(session, name, last) : historyOfRun(session, name, run),
        ),
      ),
    );
  program
    .command('next')
    .description('show the next slots of a job')
    .argument('<name>', 'the job')
    .option('--count <count>', 'number of slots', readSlotCount, DEFAULT_COUNT)
    .action(async (name: string, { count }: { count: number }, command: Command) =>
      exit(await withSession(askedOf(command), (session) => next(session, name, count))),
    );
  program
    .command('check')
    .description('for monitors: exit with 1 when a job is overdue, failing or orphaned, or its last run died')
    .option('--overdue <time>', 'how long a slot may wait to be claimed', readTime, 60_000)
    .option('--failures <count>', 'how many failed runs in a row count as failing', readCount, 1)
    .action(async (_, command: Command) =>
      exit(await withSession(askedOf(command), (session) => check(session, command.opts()))),
    );
  program
    .command('fleet')
    .description('show the instances, and what they are running')
    .action(async (_, command: Command) => exit(await withSession(askedOf(command), fleet)));
  program
    .command('demand')
    .description('run a job as soon as possible, outside its plan')
    .argument('<name>', 'the job')
    .option('--wait', 'wait until that run has ended; exit with 1 unless it is done')
    .option(
      '--timeout <time>',
      "how long to wait at most: ms, or a phrase such as '90s' or '5 minutes'",
      readTime,
    )
    .action(async (name: string, options: { wait?: true; timeout?: number }, command: Command) => {
      const waitMs = waitOf(options);
      exit(await withSession(askedOf(command), (session) => demand(session, name, waitMs)));
    });
  program
    .command('fire')
    .description('end the scheduled runs of a job, in the whole fleet')
    .argument('<name>', 'the job')
    .action(async (name: string, _, command: Command) =>
      exit(await withSession(askedOf(command), (session) => fire(session, name))),
    );
  program
    .command('pause')
    .description('stop the scheduled runs of a job, in the whole fleet, until it is resumed')
    .argument('[name]', 'the job')
    .option('--all', 'all jobs that have a plan')
    .option('--until <time>', "when to resume: '2 hours', 14:00, 2026-11-24 or 2026-11-24T14:00", readUntil)
    .option('--note <text>', 'the reason, shown by list', readNote)
    .action(async (name: string | undefined, { all = false, ...options }: PauseFlags, command: Command) =>
      exit(await withSession(askedOf(command), (session) => pause(session, { name, all }, options))),
    );
  program
    .command('resume')
    .description('end the pause of a job')
    .argument('[name]', 'the job')
    .option('--all', 'all jobs that are paused')
    .action(async (name: string | undefined, { all = false }: PauseFlags, command: Command) =>
      exit(await withSession(askedOf(command), (session) => resume(session, { name, all }))),
    );
  program
    .command('forget')
    .description('delete the data of a job that no instance hires any more')
    .argument('<name>', 'the job')
    .action(async (name: string, _, command: Command) =>
      exit(await withSession(askedOf(command), (session) => forget(session, name))),
    );
  program
    .command('web')
    .description('serve a web page that shows and controls the fleet')
    .option('--port <port>', 'the port to listen on; 0: any free port', readPort, WEB_PORT)
    .option(
      '--host <host>',
      'the address to listen on; beyond this machine, set BOSSMAN_WEB_PASSWORD',
      '127.0.0.1',
    )
    .option('--read-only', 'show everything, change nothing')
    .action(async (flags: WebFlags, command: Command) => {
      // Loaded by this command only.
      const { serveWeb }: typeof import('./web') = require('./web');
      exit(await serveWeb(askedOf(command), flags));
    });
  program
    .command('doctor')
    .description('check Redis and the fleet, and explain what to fix')
    .action(async (_, command: Command) => exit(await doctor(askedOf(command))));
  return program;
}

const WEB_PORT = 7370;

interface PauseFlags {
  all?: boolean;
  until?: Date | string;
  note?: string;
}

function askedOf(command: Command): Asked {
  return command.optsWithGlobals<Asked>();
}

function readCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError('It must be a whole number above 0.');
  }
  return count;
}

function readSlotCount(text: string): number {
  return checked(() => readSlots(readCount(text)));
}

function readPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
  }
  return Number(text);
}

function readTime(text: string): number {
  try {
    return parseInterval(text);
  } catch {
    throw new InvalidArgumentError("Use ms, or a phrase such as '90s' or '5 minutes'.");
  }
}

function readUntil(text: string): Date | string {
  const until = timeToCome(text);
  try {
    readPauseOptions({ until });
  } catch {
    throw new InvalidArgumentError("Use a future time: '2 hours', 14:00, 2026-11-24 or 2026-11-24T14:00.");
  }
  return until;
}

function readNote(note: string): string {
  checked(() => readPauseOptions({ note }));
  return note;
}

function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    throw new InvalidArgumentError(`${messageOf(error)}.`);
  }
}

function waitOf({ wait, timeout }: { wait?: true; timeout?: number }): number | null {
  if (wait) return timeout ?? Number.POSITIVE_INFINITY;
  if (timeout === undefined) return null;
  throw new Failure('--timeout limits --wait: pass both', 2);
}
