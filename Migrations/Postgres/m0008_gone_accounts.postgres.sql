-- What a check needs of an account is asked together with her grants, and looked up in its row.

SELECT 1;
