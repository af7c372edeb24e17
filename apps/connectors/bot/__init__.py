"""The workspace's own Telegram bot: it talks to linked chats only, as the members who linked them."""
