// Variables whose values are never shown and never stand where everybody could read them, whether or not their level calls them secret.
import { SHARE_PASSWORD_VARIABLE } from '../distribution/share-connections.ts';
import { SECRET_ANSWERS } from './unattend-answers.ts';

export const ALWAYS_SECRET: readonly string[] = [...SECRET_ANSWERS, SHARE_PASSWORD_VARIABLE];
