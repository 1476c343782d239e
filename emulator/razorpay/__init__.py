"""A stand-in for the Razorpay payment gateway: orders, payments, refunds, webhooks and a checkout page."""
