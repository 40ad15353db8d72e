// Starts the program: hands the words of the command line to the commands and turns the result into the exit code.
import { VERSION } from './version.ts';

process.stdout.write(`prestage ${VERSION}\n`);
