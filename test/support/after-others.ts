import { constants, setPriority } from 'node:os';

// For this worker and the processes that it starts: tests that wait for a moment are to have the CPU when it comes.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
