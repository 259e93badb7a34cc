#!/usr/bin/env node
import { CommanderError } from 'commander';
import { messageOf } from '../errors';
import { Failure } from './failure';
import { complain, leaveQuietlyOnClosedPipe } from './output';
import { makeProgram } from './program';

/** The exit status of what ended a command early; told, if it was not. */
function statusOf(thrown: unknown): number {
  // Told by commander itself; of help and version nothing went wrong.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  complain(messageOf(thrown));
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
