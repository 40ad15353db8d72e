// Every cut of the scenario with this loss; the gate has media without a password.
import { cutAtEveryDurableWrite, PASSWORD } from '../support/power-cuts.ts';

cutAtEveryDurableWrite('mixed', PASSWORD);
