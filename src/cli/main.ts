#!/usr/bin/env node
import { CommanderError } from 'commander';
import { messageOf } from '../errors';
import { Failure } from './failure';
import { complain, leaveQuietlyOnClosedPipe } from './output';
import { makeProgram } from './program';

/** The exit status for an error that ended a command; prints the error, unless commander has done so. */
function statusOf(thrown: unknown): number {
  // Printed by commander itself; help and version are not failures.
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
