"""What workflows tell the members: a line in the notifications, and a mail to those who are meant."""
