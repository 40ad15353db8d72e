// Every job that a worker thread can be sent: the one place where a layer adds its own.
import type { JobTable } from './content/job.ts';
import { contentJobs } from './content/jobs.ts';
import { distributionJobs } from './distribution/jobs.ts';

export const jobs: JobTable = { ...contentJobs, ...distributionJobs };
