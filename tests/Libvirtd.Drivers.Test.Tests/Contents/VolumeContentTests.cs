namespace Libvirtd.Drivers.Test.Tests;

public sealed class VolumeContentTests
{
    private const int Size = 100_000;

    [Fact]
    public void A_view_does_not_see_later_writes()
    {
        VolumeContent content = new(100);
        content.Write("before"u8, 10);
        using ContentView view = new(content.Share(), 100);
        content.Write("after!"u8, 10);
        content.Punch(0, 12);
        Assert.Equal("before"u8.ToArray(), Read(view, 10, 6));
        byte[] now = new byte[6];
        content.Read(now, 10);
        Assert.Equal("\0\0ter!"u8.ToArray(), now);
        content.Release();
        Assert.Equal("before"u8.ToArray(), Read(view, 10, 6));
        view.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Read(view, 10, 6));
    }

    [Fact]
    public void Layers_that_nobody_keeps_become_one()
    {
        VolumeContent content = new(1000);
        for (int i = 0; i < 300; i++)
        {
            content.Write([(byte)i], i);
            using ContentView view = new(content.Share(), 1000);
        }

        content.Write([1], 999);
        ContentLayer layer = Assert.Single(content.Share());
        Assert.True(layer.Present.IsAll);
        byte[] bytes = new byte[300];
        content.Read(bytes, 0);
        Assert.Equal(Enumerable.Range(0, 300).Select(static i => (byte)i), bytes);
        layer.Release();
        content.Release();
    }

    [Fact]
    public void What_is_gone_takes_no_more_bytes()
    {
        VolumeContent content = new(10);
        content.Write([1, 2], 0);
        content.Release();
        Assert.False(content.Acquire());
        content.Write([3], 0);
        content.Punch(0, 1);
        content.SetLength(5);
        content.Clear();
        Assert.Empty(content.Share());
        Assert.True(content.IsEmpty);
    }

    /// <summary>30 runs of 150 random operations on volumes, overlays, copies and views, against plain arrays.</summary>
    [Fact]
    public void Contents_are_what_arrays_of_bytes_would_be()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            Random random = new(seed);
            List<(VolumeContent Content, byte[] Model)> contents = [(new VolumeContent(Size), new byte[Size])];
            List<(ContentView View, byte[] Model)> views = [];
            for (int step = 0; step < 150; step++)
            {
                int place = random.Next(contents.Count);
                (VolumeContent content, byte[] model) = contents[place];
                int start = random.Next(Size);
                int length = random.Next(1, Math.Min(20_000, Size - start + 1));
                switch (random.Next(8))
                {
                    case 0 or 1 or 2:
                        random.NextBytes(model.AsSpan(start, length));
                        content.Write(model.AsSpan(start, length), start);
                        break;
                    case 3:
                        model.AsSpan(start, length).Clear();
                        content.Punch(start, length);
                        break;
                    case 4:
                        model.AsSpan(start).Clear();
                        content.SetLength(start);
                        content.SetLength(Size);
                        break;
                    case 5 when contents.Count < 5:
                        contents.Add((content.Copy(Size), [.. model]));
                        break;
                    case 6 when views.Count < 8:
                        views.Add((new ContentView(content.Share(), Size), [.. model]));
                        break;
                    case 7 when views.Count > 0:
                        views[0].View.Dispose();
                        views.RemoveAt(0);
                        break;
                    case 7:
                        Array.Clear(model);
                        content.Clear();
                        break;
                }

                byte[] read = new byte[length];
                content.Read(read, start);
                Assert.True(read.AsSpan().SequenceEqual(model.AsSpan(start, length)), $"seed {seed}, step {step}");
            }

            foreach ((VolumeContent content, byte[] model) in contents)
            {
                using ContentView view = new(content.Share(), Size);
                AssertSame(view, model, seed);
                content.Release();
            }

            foreach ((ContentView view, byte[] model) in views)
            {
                AssertSame(view, model, seed);
                view.Dispose();
            }
        }
    }

    /// <summary>An overlay's bytes above a volume's, put into it in both ways that block jobs know.</summary>
    [Fact]
    public void Layers_go_above_or_below_others()
    {
        VolumeContent bottom = new(6);
        bottom.Write("bottom"u8, 0);
        VolumeContent top = VolumeContent.Overlay();
        top.Write("TT"u8, 4);
        VolumeContent other = VolumeContent.Overlay();
        other.Write("oo"u8, 3);
        other.LayBelow(bottom.Share());
        Assert.Equal("botoom"u8.ToArray(), Read(other, 6));
        bottom.Lay(top.Share());
        Assert.Equal("bottTT"u8.ToArray(), Read(bottom, 6));
        Assert.Equal("botoom"u8.ToArray(), Read(other, 6));
        top.Write("x"u8, 0);
        Assert.Equal("bottTT"u8.ToArray(), Read(bottom, 6));
        Assert.Equal("x\0\0\0TT"u8.ToArray(), Read(top, 6));
        bottom.Release();
        top.Release();
        other.Release();
    }

    private static byte[] Read(VolumeContent content, int length)
    {
        byte[] bytes = new byte[length];
        content.Read(bytes, 0);
        return bytes;
    }

    private static byte[] Read(ContentView view, long offset, int length)
    {
        byte[] bytes = new byte[length];
        view.Read(bytes, offset);
        return bytes;
    }

    /// <summary>The bytes, and that where the map says hole they are zero.</summary>
    private static void AssertSame(ContentView view, byte[] model, int seed)
    {
        Assert.True(Read(view, 0, Size).AsSpan().SequenceEqual(model), $"seed {seed}");
        long offset = 0;
        while (offset < Size)
        {
            (bool isData, long until) = view.MapAt(offset, Size);
            Assert.InRange(until, offset + 1, Size);
            Assert.True(isData || model.AsSpan((int)offset, (int)(until - offset)).IndexOfAnyExcept((byte)0) < 0, $"seed {seed}: data at {offset} to {until}");
            offset = until;
        }
    }
}
