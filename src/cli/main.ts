#!/usr/bin/env node
import { CommanderError } from 'commander';
import { messageOf } from '../errors';
import { Failure } from './failure';
import { leaveQuietlyOnClosedPipe } from './output';
import { makeProgram } from './program';
import { visible } from './text';

/** The exit status of what ended a command early; told, if it was not. */
function statusOf(thrown: unknown): number {
  // Told by commander itself; of help and version nothing went wrong.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  process.stderr.write(`bossman: ${visible(messageOf(thrown))}\n`);
  return thrown instanceof Failure ? thrown.status : 1;
}

leaveQuietlyOnClosedPipe();
makeProgram((status) => {
  process.exitCode = status;
})
  .parseAsync()
  .catch((thrown: unknown) => {
    process.exitCode = statusOf(thrown);
  });
