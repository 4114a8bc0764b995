-- A queue that is fair between clients, and analyses that somebody ends early.
CREATE INDEX analysis_started ON analysis (client_id, started_at); -- whose turn was the last

-- Cancelled while a worker had it: the lease stands until the calls that it cut off are settled.
CREATE INDEX analysis_cancelled ON analysis (lease_until)
    WHERE state = 'cancelled' AND lease_until IS NOT NULL;
