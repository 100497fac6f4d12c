"""What a shopper might like next: models as versioned artifacts, lists with reasons. Mathematics lives in recsys."""
