// Every cut of the scenario with this loss; the gate has the others.
import { cutAtEveryDurableWrite, REPLACE } from '../support/power-cuts.ts';

cutAtEveryDurableWrite('torn', REPLACE);
